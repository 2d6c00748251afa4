"""Requests of the API, counted: what Prometheus shows, and what the KPIs are made of."""

from functools import cache
from typing import Any, NamedTuple

from prometheus_client import Counter, Histogram

from common.api.answered import Answered
from common.errors import ErrorCode

# Below it is what counts as the API.
API = "/api/"
NO_CODE = "NONE"

REQUESTS = Counter("api_requests_total", "Answered requests of the API.", ["endpoint", "method", "status"])
LATENCY = Histogram(
    "api_request_latency_seconds",
    "From a request of the API to its answer, as the process saw it.",
    ["endpoint", "method"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
ERRORS = Counter(
    "api_error_total",
    "Answers of the API with a status of 400 or more.",
    ["endpoint", "method", "status", "code"],
)


class _Meters(NamedTuple):
    """Of one kind of answer; looking them up by their labels costs more than counting."""

    requests: Any
    latency: Any
    errors: Any | None


def count(answered: Answered) -> None:
    """Some microseconds. What is not of the API is left out."""
    if not answered.endpoint.startswith(API):
        return
    meters = _meters(answered.endpoint, answered.method, answered.status, answered.code)
    meters.requests.inc()
    meters.latency.observe(answered.seconds)
    if meters.errors is not None:
        meters.errors.inc()


@cache
def _meters(endpoint: str, method: str, status: int, code: str) -> _Meters:
    known = code if code in ErrorCode.__members__ else NO_CODE
    return _Meters(
        REQUESTS.labels(endpoint, method, str(status)),
        LATENCY.labels(endpoint, method),
        ERRORS.labels(endpoint, method, str(status), known) if status >= 400 else None,
    )
