"""Keeping secrets out of logs: what looks like a secret, and what the request in hand has sent, is taken out of texts.

A log is written seldom and read by many, so the work is done when a line is written, and thoroughly; what a request
has sent is only remembered (`hold`), which costs nothing.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

CONCEALED = "[concealed]"
BODY = "bourse.body"  # in a request's environ: the body, put there by whoever read it
LEAST = 5  # characters; a shorter text stands in too many others

_SECRET = r"passw|secret|token|api[_-]?key|otp|authorization|cookie|signature|session|csrf|credential"
_SECRET_NAME = re.compile(rf"(?i){_SECRET}|code|key|pin\b")
_PATTERNS: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?"), CONCEALED),  # a JSON web token
    (re.compile(r"://[^/\s:@]*:[^/\s@]+@"), f"://{CONCEALED}@"),  # the password in the address of a server
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), rf"\1 {CONCEALED}"),
    (
        re.compile(
            rf"""(?ix) (\b[\w-]*(?:{_SECRET})[\w-]*["']?\s*[:=]\s*) ("[^"]*"?|'[^']*'?|[^\s,;&}})\]]+)"""
        ),
        rf"\1{CONCEALED}",
    ),
    # What PostgreSQL adds to an error: the values of the row.
    (re.compile(r"(?m)^(DETAIL|LINE \d+|CONTEXT):.*$"), rf"\1: {CONCEALED}"),
    # What Celery adds to a message that it does not know: all of it.
    (re.compile(r"(?s)(full contents of the message (?:body|headers)(?: was)?:).*"), rf"\1 {CONCEALED}"),
]
# Headers that hold nothing of anybody, and the name of the request, which is there to be logged.
_HARMLESS = frozenset(
    {
        "HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_ACCEPT_LANGUAGE", "HTTP_CONNECTION", "HTTP_X_REQUEST_ID",
        "HTTP_X_REAL_IP", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO",
    }
)  # fmt: skip
_ORDINARY = re.compile(r"[a-z_]{1,24}|[0-9.]+")  # words that our own messages are made of, and numbers
_JSON_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"?\s*(:?)')  # a colon after it: it is a name
_PIECE = re.compile(r"[^\s&=;,\"'{}\[\]:\ufffd]+")

Named = tuple[str, str]  # a text that was sent, and the name that it was given

_in_hand: ContextVar["InHand | None"] = ContextVar("in_hand", default=None)


class InHand(NamedTuple):
    """A request. environ: WSGI's, or what there is of it. request: Django's, if it came that far."""

    environ: Mapping[str, Any]
    request: Any = None


def hold(in_hand: InHand | None) -> None:
    """From here on this thread or task works for that request. Nothing is read of it until something is logged."""
    _in_hand.set(in_hand)


def conceal(text: str, in_hand: InHand | None = None) -> str:
    """The text without secrets, and without what was sent by the request it is about: if none is named, by the one
    in hand."""
    about = in_hand or _in_hand.get()
    try:
        for sent in sorted(set(_forms_of_all_sent(about)) if about else (), key=len, reverse=True):
            text = text.replace(sent, CONCEALED)
    except Exception:  # a line must be written, whatever the request is like
        return f"{CONCEALED} (the text could not be looked through)"
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _forms_of_all_sent(about: InHand) -> Iterator[str]:
    """Each text as it may stand in a message."""
    for name, text in _sent(*about):
        if not text or (_ORDINARY.fullmatch(text) and not _SECRET_NAME.search(name)):
            continue
        for form in (text, unquote(text), repr(text)[1:-1], json.dumps(text)[1:-1]):
            if len(form) >= LEAST:
                yield form


def _sent(environ: Mapping[str, Any], request: Any) -> Iterator[Named]:
    yield from _of_path(str(environ.get("PATH_INFO", "")))
    query = str(environ.get("QUERY_STRING", ""))
    yield "", query
    yield from parse_qsl(query, keep_blank_values=True)
    yield from (("", name) for name, _ in parse_qsl(query, keep_blank_values=True))
    for name, value in environ.items():
        if name.startswith("HTTP_") and name not in _HARMLESS:
            yield name, str(value)
            yield from ((name, piece) for piece in _PIECE.findall(str(value)))
    body = environ.get(BODY) or getattr(request, "_body", b"")
    yield from _of_body(body.decode(errors="replace") if isinstance(body, bytes) else str(body))
    form: Any = getattr(request, "_post", None) or {}
    yield from ((str(name), str(value)) for name, values in dict(form).items() for value in values)


def _of_path(path: str) -> Iterator[Named]:
    """The parts that are no words of our addresses."""
    pieces = [piece for piece in path.split("/") if piece and piece not in _words(settings.ROOT_URLCONF)]
    if any(not piece.isdigit() for piece in pieces):
        yield "", path
    for piece in pieces:
        as_sent = piece.encode("latin-1", "replace").decode(errors="replace")  # WSGI's way with other letters
        for text in {piece, as_sent, *as_sent.split(":")}:
            yield ("" if text.isdigit() else "secret"), text


def _of_body(body: str) -> Iterator[Named]:
    yield "", body
    if not body.lstrip().startswith(("{", "[", '"')):
        yield from (("", piece) for piece in _PIECE.findall(body))
        return
    name = ""
    for literal, colon in _JSON_TEXT.findall(body):
        name = literal if colon else name
        yield ("", literal) if colon else (name, literal)
        try:
            yield name, str(json.loads(f'"{literal}"'))
        except ValueError:
            pass


@cache
def _words(addresses: str) -> frozenset[str]:
    """The parts of our own addresses that are fixed; addresses: the module that has them."""
    return frozenset(_words_of(get_resolver(addresses).url_patterns))


def _words_of(patterns: Any) -> Iterator[str]:
    for entry in patterns:
        if isinstance(entry, URLResolver | URLPattern):
            yield from (part for part in str(entry.pattern).split("/") if part and "<" not in part)
        if isinstance(entry, URLResolver):
            yield from _words_of(entry.url_patterns)
