"""A task works under the name of the request that sent it, or under one of its own: in what it logs, and in what it
sends itself.

`connect` is called by whoever makes the Celery application, in each process that sends or runs tasks.
"""

import json
import logging.config
from typing import Any

from celery import signals
from django.conf import settings

from common import request_id
from common.redaction import BODY, InHand, hold

REQUEST_ID = "bourse_request_id"  # in the headers of a task's message


def connect() -> None:
    """Safe to call twice."""
    signals.before_task_publish.connect(_name_sender, dispatch_uid="kpi.request_id.sending")
    signals.task_prerun.connect(_begin, dispatch_uid="kpi.request_id.beginning")
    signals.task_postrun.connect(_end, dispatch_uid="kpi.request_id.end")
    # Celery would bring handlers of its own, which write the arguments of tasks as they are.
    signals.setup_logging.connect(_set_up_logging, dispatch_uid="kpi.logging")


def _name_sender(headers: dict[str, Any] | None = None, **named: Any) -> None:
    if headers is not None and request_id.current():
        headers.setdefault(REQUEST_ID, request_id.current())


def _begin(task: Any, args: Any = (), kwargs: Any = None, **named: Any) -> None:
    if not task.request.is_eager:  # else it is a part of what its caller does
        given = getattr(task.request, REQUEST_ID, None)
        request_id.begin(given if isinstance(given, str) else None)
        hold(InHand({BODY: json.dumps([args, kwargs], default=str)}))


def _end(task: Any, **named: Any) -> None:
    if not task.request.is_eager:
        request_id.end()
        hold(None)


def _set_up_logging(**named: Any) -> None:
    logging.config.dictConfig(settings.LOGGING)
