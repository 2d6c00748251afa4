"""The one reader of request bodies.

Stricter than the standard library, whose parser takes NaN and Infinity, keeps the last of two equal keys, and
lets through characters that PostgreSQL cannot store.
"""

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

from common.errors import ErrorCode, Refused
from common.redaction import BODY

MAX_BODY_BYTES = 1_048_576
MAX_DEPTH = 32


class StrictJSONParser(BaseParser):
    """Reads a JSON body of at most 1 MiB.

    Raises ParseError for anything that is not plain JSON, Refused PAYLOAD_TOO_LARGE for a larger body.
    """

    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return parse_json(_read(stream))


def parse_json(body: bytes) -> Any:
    """The value of a JSON text. Raises ParseError if it is not plain JSON in UTF-8."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise ParseError(f"The body is not UTF-8: byte {error.start} cannot be read.") from error
    except RecursionError as error:
        raise ParseError("The body is nested too deep.") from error
    except ValueError as error:
        # Also Python's refusal to read an integer of thousands of digits.
        raise ParseError(f"The body is not plain JSON: {error}") from error
    _check_content(value)
    return value


def _read(stream: IO[Any]) -> bytes:
    declared = getattr(stream, "META", {}).get("CONTENT_LENGTH") or "0"
    if declared.isdecimal() and len(declared) < 19 and int(declared) > MAX_BODY_BYTES:
        raise Refused(ErrorCode.PAYLOAD_TOO_LARGE, limit_bytes=MAX_BODY_BYTES)
    body: bytes = stream.read(MAX_BODY_BYTES + 1)
    if hasattr(stream, "META"):
        stream.META[BODY] = body
    if len(body) > MAX_BODY_BYTES:
        raise Refused(ErrorCode.PAYLOAD_TOO_LARGE, limit_bytes=MAX_BODY_BYTES)
    return body


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice in one object")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is out of range")
    return number


def _check_content(value: Any) -> None:
    """Level by level: not too deep, and no character that PostgreSQL cannot store."""
    level = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, dict):
                below += item.keys()
                below += item.values()
            elif isinstance(item, list):
                below += item
        if not below:
            return
        level = below
    raise ParseError("The body is nested too deep.")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ParseError("A text contains a NUL character.")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ParseError("A text contains half of a surrogate pair.")
