"""One line of JSON for each answered request, in the names of the Elastic Common Schema (docs/request-log.md).

Nothing that a client wrote stands in it but the name of its request: the address is given by its pattern, so no secret
can come in by it.
"""

from functools import cache
from json import JSONEncoder
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from ecs_logging import StructlogFormatter

from common.api.answered import Answered
from kpi.line_file import LineFile, Lines, Output

STANDARD_OUTPUT = "-"
OFF = "off"
_NANOSECONDS = 1_000_000_000
_encode = JSONEncoder(separators=(",", ":"), allow_nan=False).encode

Fields = dict[str, Any]


def write(answered: Answered) -> None:
    log = _log(settings.REQUEST_LOG)
    if log is None:
        return
    fields = {
        "event": event("requests", "web", answered.seconds, answered.status < 400),
        "http": {
            "request": {"method": answered.method, "id": answered.request_id},
            "response": {"status_code": answered.status},
        },
        "url": {"path": answered.endpoint},
    } | whose(answered.address, answered.user_id, answered.key_id)
    if answered.code:
        fields["error"] = {"code": answered.code}
    say = log.error if answered.status >= 500 else log.info
    say(f"{answered.method} {answered.endpoint} {answered.status}", fields=fields)


def write_socket(message: str, fields: Fields) -> None:
    """A line about a WebSocket."""
    log = _log(settings.REQUEST_LOG)
    if log is not None:
        log.info(message, fields=fields)


def event(dataset: str, category: str, seconds: float | None, succeeded: bool) -> Fields:
    fields: Fields = {
        "kind": "event",
        "category": [category],
        "dataset": f"{settings.SERVICE_NAME}.{dataset}",
    }
    if seconds is not None:
        fields["duration"] = int(seconds * _NANOSECONDS)
    return fields | {"outcome": "success" if succeeded else "failure"}


def whose(address: str, user_id: int | None, key_id: int | None) -> Fields:
    """Who it was; what is not known is left out."""
    fields: Fields = {"client": {"ip": address}}
    if user_id is not None:
        fields["user"] = {"id": str(user_id)}
    if key_id is not None:
        fields["bourse"] = {"key_id": str(key_id)}
    return fields


class _Formatter(StructlogFormatter):
    def __call__(self, logger: Any, level: str, event_dict: Any) -> str:
        """The schema's beginning first, as the library has it too.

        Our fields are nested already and in order, which spares most of the time that the library's own way takes.
        """
        known = self.format_to_ecs({})
        head = {"@timestamp": known.pop("@timestamp"), "log.level": level, "message": event_dict["event"]}
        service = {"service": {"name": settings.SERVICE_NAME}}
        return _encode(head | known | event_dict["fields"] | service)


class _Writer:
    """What structlog hands its lines to."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def info(self, line: str) -> None:
        self._lines.write(line.encode() + b"\n")

    error = info


@cache
def _log(target: str) -> Any:
    """The log that REQUEST_LOG names; None if it is off."""
    if target == OFF:
        return None
    lines: Lines = (
        Output() if target == STANDARD_OUTPUT else LineFile(Path(target), settings.REQUEST_LOG_BYTES)
    )
    return structlog.wrap_logger(
        _Writer(lines), processors=[_Formatter()], wrapper_class=structlog.BoundLogger
    )
