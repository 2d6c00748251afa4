"""Where the processes' own words go, and in which form: to standard error, with what is secret left out."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

FORMATS = {"line": "common.log_format.LineFormatter", "json": "common.log_format.JsonFormatter"}
# They bring handlers of their own, which would write what they were given as it is.
_TO_US = (
    "uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "_granian", "granian.access", "celery", "celery.task",
)  # fmt: skip
_TALKATIVE = ("websockets", "celery.pool", "amqp", "kombu", "redis", "psycopg")


def logging_table(level: str, form: str) -> dict[str, Any]:
    """Django's LOGGING. level: the least that is logged. form: of FORMATS. Raises ImproperlyConfigured."""
    if form not in FORMATS:
        raise ImproperlyConfigured(f"LOG_FORMAT={form}: it is one of {', '.join(FORMATS)}")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"ours": {"()": FORMATS[form]}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "ours"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # A refused request is no news for the operator's console: anybody could fill the disk, with a traceback for
            # each foreign Host header or broken form. The request log and /metrics tell how many there are.
            "django.request": {"level": "ERROR"},
            "django.security": {"level": "CRITICAL"},
            # Below that they tell of every frame that comes and goes, and every task's arguments.
            **{name: {"level": "INFO"} for name in _TALKATIVE},
            **{name: {"handlers": [], "propagate": True} for name in _TO_US},
        },
    }
