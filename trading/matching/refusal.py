"""What a decision can be."""

from typing import Any, NamedTuple

from common.errors import ErrorCode
from trading.matching.events import Event


class Refusal(NamedTuple):
    """A command that is refused, as a value: refusals are normal."""

    code: ErrorCode
    message: str = ""
    details: dict[str, Any] = {}


Decision = list[Event] | Refusal


def refuse(code: ErrorCode, message: str = "", **details: Any) -> Refusal:
    return Refusal(code, message, details)
