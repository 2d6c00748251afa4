"""How our processes' own log lines look: with the name of the request they are about, and without its secrets."""

import logging
import traceback
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ecs_logging import StdlibFormatter

from common import request_id
from common.redaction import InHand, conceal

_OF_A_RECORD = frozenset(logging.makeLogRecord({}).__dict__)


class LineFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s%(about)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        shown = _concealed(record)
        name = _request_name(record)
        shown.about = f" [{name}]" if name else ""
        return super().format(shown)


class JsonFormatter(StdlibFormatter):
    """One line of JSON in the names of the Elastic Common Schema."""

    def __init__(self) -> None:
        super().__init__()

    def format_to_ecs(self, record: logging.LogRecord) -> dict[str, Any]:
        shown = _concealed(record)
        error, shown.exc_info = shown.exc_info, None
        line = super().format_to_ecs(shown)
        line["service"] = {"name": settings.SERVICE_NAME}
        line["event"] = {"dataset": f"{settings.SERVICE_NAME}.log"}
        if name := _request_name(record):
            line["http"] = {"request": {"id": name}}
        if error and error[0]:
            message = conceal(str(error[1]), _about(record))
            line["error"] = {"type": error[0].__name__, "message": message, "stack_trace": shown.exc_text}
        return line


def _about(record: logging.LogRecord) -> InHand | None:
    """The request that Django hangs on what it logs of one, also when nobody has it in hand any more."""
    request = getattr(record, "request", None)
    return InHand(request.META, request) if isinstance(request, HttpRequest) else None


def _request_name(record: logging.LogRecord) -> str:
    about = _about(record)
    return request_id.current() or (str(about.environ.get("HTTP_X_REQUEST_ID", "")) if about else "")


def _concealed(record: logging.LogRecord) -> logging.LogRecord:
    """The record without secrets, and without what libraries hang on it, such as the arguments of a task."""
    about = _about(record)
    shown = logging.makeLogRecord({n: value for n, value in record.__dict__.items() if n in _OF_A_RECORD})
    shown.msg, shown.args = conceal(_message(record), about), None
    if record.exc_info and record.exc_info[1]:
        shown.exc_text = _traceback(record.exc_info[1], about)
    elif record.exc_text:
        shown.exc_text = conceal(record.exc_text, about)
    return shown


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # its arguments do not fit its text
        return str(record.msg)


def _traceback(error: BaseException, about: InHand | None) -> str:
    """As Python prints it; the places in the code are ours and stay, what the exceptions say is looked through."""
    pieces = traceback.TracebackException.from_exception(error).format()
    return "".join(piece if _is_place(piece) else conceal(piece, about) for piece in pieces).rstrip()


def _is_place(piece: str) -> bool:
    return piece.lstrip(" |+-").startswith("File ")
