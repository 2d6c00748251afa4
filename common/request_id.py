"""The name of the request in hand: in its answer (X-Request-ID), in its line of the log, and in the tasks it starts."""

import re
from contextvars import ContextVar

from uuid_utils import uuid7

HEADER = "X-Request-ID"
_GIVEN = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)

_current: ContextVar[str] = ContextVar("request_id", default="")


def begin(given: str | None = None) -> str:
    """From here on this thread works for that request. A name that could not stand in a log is replaced."""
    name = given if given and _GIVEN.fullmatch(given) else str(uuid7())
    _current.set(name)
    return name


def end() -> None:
    _current.set("")


def current() -> str:
    """Empty outside a request."""
    return _current.get()
