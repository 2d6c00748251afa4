"""How many requests there were, how they ended and how long they took."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.postgres.aggregates import ArrayAgg

from kpi.buckets import quantile
from kpi.models import LatencyStat, RequestStat, RollUp
from kpi.services.roll_up_slices import SLICES
from kpi.windows import Window

Buckets = dict[int, int]

QUANTILES = (0.5, 0.95, 0.99)


class Latency(NamedTuple):
    """In microseconds, None without a request; the quantiles within 1 %."""

    mean: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    max: int | None


class Endpoint(NamedTuple):
    endpoint: str
    method: str
    requests: int
    client_errors: int
    server_errors: int
    mean_us: float
    slowest_us: int


class Step(NamedTuple):
    """One minute or hour."""

    start: datetime
    requests: int
    client_errors: int
    server_errors: int
    latency: Latency


class RequestFigures(NamedTuple):
    """by_code: of refusals. as_of: when what processes had counted was last added up, None for never."""

    requests: int
    client_errors: int
    server_errors: int
    latency: Latency
    by_status: dict[int, int]
    by_code: dict[str, int]
    endpoints: list[Endpoint]
    steps: list[Step]
    as_of: datetime | None


class _Row(NamedTuple):
    """Of RequestStat."""

    start: datetime
    endpoint: str
    method: str
    status: int
    code: str
    requests: int
    total_us: int
    slowest_us: int


def request_figures(window: Window) -> RequestFigures:
    """Three queries, whatever was asked of the exchange meanwhile."""
    within = {"step_seconds": window.step_seconds, "start__gte": window.start}
    rows = [_Row._make(row) for row in RequestStat.objects.filter(**within).values_list(*_Row._fields)]
    buckets = _buckets(within)
    return RequestFigures(
        *_counts(rows),
        latency=_latency(rows, _together(buckets.values())),
        by_status=_by(rows, "status"),
        by_code=_by([row for row in rows if row.code], "code"),
        endpoints=_endpoints(rows),
        steps=_steps(rows, buckets),
        as_of=RollUp.objects.filter(name=SLICES).values_list("done_at", flat=True).first(),
    )


def _buckets(within: dict[str, Any]) -> dict[datetime, Buckets]:
    """Of each step, one row from the database: they are many."""
    steps = LatencyStat.objects.filter(**within).values_list("start")
    told = steps.annotate(buckets=ArrayAgg("bucket"), counts=ArrayAgg("requests"))
    return {start: dict(zip(buckets, counts, strict=True)) for start, buckets, counts in told}


def _counts(rows: Iterable[_Row]) -> tuple[int, int, int]:
    """All, those that were refused, and those that we could not answer."""
    every = client = server = 0
    for row in rows:
        every += row.requests
        client += row.requests if 400 <= row.status < 500 else 0
        server += row.requests if row.status >= 500 else 0
    return every, client, server


def _latency(rows: Iterable[_Row], buckets: Buckets) -> Latency:
    requests = total = slowest = 0
    for row in rows:
        requests += row.requests
        total += row.total_us
        slowest = max(slowest, row.slowest_us)
    if not requests:
        return Latency(None, None, None, None, None)
    counts = sorted(buckets.items())
    # What is known exactly bounds what is known within one per cent.
    p50, p95, p99 = (min(quantile(counts, share) or 0, slowest) for share in QUANTILES)
    return Latency(total / requests, p50, p95, p99, slowest)


def _together(each: Iterable[Buckets]) -> Buckets:
    found: Buckets = defaultdict(int)
    for buckets in each:
        for bucket, count in buckets.items():
            found[bucket] += count
    return found


def _by(rows: Iterable[_Row], field: str) -> dict:
    found: dict = defaultdict(int)
    for row in rows:
        found[getattr(row, field)] += row.requests
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _endpoints(rows: Iterable[_Row]) -> list[Endpoint]:
    """Most asked first."""
    groups: dict[tuple[str, str], list[_Row]] = defaultdict(list)
    for row in rows:
        groups[row.endpoint, row.method].append(row)
    found = []
    for (endpoint, method), group in groups.items():
        requests, client, server = _counts(group)
        total, slowest = sum(row.total_us for row in group), max(row.slowest_us for row in group)
        found.append(Endpoint(endpoint, method, requests, client, server, total / requests, slowest))
    return sorted(found, key=lambda each: (-each.requests, each.endpoint, each.method))


def _steps(rows: Iterable[_Row], buckets: dict[datetime, Buckets]) -> list[Step]:
    groups: dict[datetime, list[_Row]] = defaultdict(list)
    for row in rows:
        groups[row.start].append(row)
    return [
        Step(start, *_counts(group), _latency(group, buckets.get(start, {})))
        for start, group in sorted(groups.items())
    ]
