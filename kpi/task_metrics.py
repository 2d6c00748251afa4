"""Celery's tasks, counted: how late they begin, how long they run, and how many fail or come too late.

`connect` is called by whoever makes the Celery application, in each process that sends or runs tasks.
"""

import time
from typing import Any

from celery import signals
from prometheus_client import Counter, Histogram

from common.measure import SLOW_SECONDS

# In the headers of a task's message: when it was sent, in seconds since the epoch.
SENT_AT = "bourse_sent_at"

DELAY = Histogram(
    "bourse_task_delay_seconds",
    "From the sending of a task to its beginning.",
    ["task"],
    buckets=SLOW_SECONDS,
)
SECONDS = Histogram("bourse_task_seconds", "How long a task ran.", ["task"], buckets=SLOW_SECONDS)
FAILURES = Counter("bourse_task_failures_total", "Tasks that ended in an exception.", ["task"])
EXPIRED = Counter("bourse_task_expired_total", "Tasks that came too late and were dropped.", ["task"])


def connect() -> None:
    """Safe to call twice."""
    signals.before_task_publish.connect(_note_sending, dispatch_uid="kpi.sending")
    signals.task_prerun.connect(_note_beginning, dispatch_uid="kpi.beginning")
    signals.task_postrun.connect(_note_end, dispatch_uid="kpi.end")
    signals.task_failure.connect(_count_failure, dispatch_uid="kpi.failure")
    signals.task_revoked.connect(_count_expired, dispatch_uid="kpi.expired")


def _note_sending(headers: dict[str, Any] | None = None, **named: Any) -> None:
    if headers is not None:
        headers.setdefault(SENT_AT, time.time())  # a task that is tried again was sent when it was sent first


def _note_beginning(task: Any, **named: Any) -> None:
    task.request.bourse_begun = time.perf_counter()
    for counter in (FAILURES, EXPIRED):
        counter.labels(task.name)  # shown as 0, so that its first one is a rise
    sent_at = getattr(task.request, SENT_AT, None)
    if isinstance(sent_at, int | float):
        DELAY.labels(task.name).observe(max(0.0, time.time() - sent_at))


def _note_end(task: Any, **named: Any) -> None:
    begun = getattr(task.request, "bourse_begun", None)
    if begun is not None:
        SECONDS.labels(task.name).observe(time.perf_counter() - begun)


def _count_failure(sender: Any, **named: Any) -> None:
    FAILURES.labels(sender.name).inc()


def _count_expired(sender: Any, expired: bool = False, **named: Any) -> None:
    if expired:
        EXPIRED.labels(sender.name).inc()
