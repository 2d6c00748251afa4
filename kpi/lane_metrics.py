"""Requests of the fast lane, counted in the same metrics as those that go through django-prometheus' middleware."""

from functools import cache
from typing import Any, NamedTuple

from django_prometheus.middleware import Metrics

from common.api.answered import Answered


class _Meters(NamedTuple):
    """The metrics of one kind of answer; looking them up by their labels costs more than counting."""

    counters: tuple[Any, ...]
    latencies: tuple[Any, ...]


def note_answer(answered: Answered) -> None:
    meters = _meters(answered.view, answered.method, str(answered.status))
    for counter in meters.counters:
        counter.inc()
    for latency in meters.latencies:
        latency.observe(answered.seconds)


@cache
def _meters(view: str, method: str, status: str) -> _Meters:
    every = Metrics.get_instance()
    return _Meters(
        counters=(
            every.requests_total,
            every.responses_total,
            every.requests_by_method.labels(method=method),
            every.requests_by_view_transport_method.labels(view=view, transport="http", method=method),
            every.responses_by_status.labels(status=status),
            every.responses_by_status_view_method.labels(status=status, view=view, method=method),
        ),
        latencies=(
            every.requests_latency_before,
            every.requests_latency_by_view_method.labels(view=view, method=method),
        ),
    )
