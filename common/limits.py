"""Limits on how often something may be done in a minute (docs/limits.md).

A minute begins at another second for each client, so that not all of them start anew at once.
"""

import time
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from typing import NamedTuple
from zlib import crc32

from django.conf import settings

from common.meters import rate_limit_hits
from common.shared_counters import NO_LIMIT, SharedCounters, Step

MINUTE = 60


class Scope(StrEnum):
    """What is counted; its value is in the header X-RateLimit-Scope and in the metrics."""

    REQUESTS = "requests"
    ORDERS = "orders"
    CANCELS = "cancels"
    SIGN_INS = "sign_ins"
    ADDRESS = "address"
    USER = "user"
    PAGES = "pages"
    SOCKETS = "sockets"
    LOG_IN = "log_in"


class Counter(NamedTuple):
    """limit: a minute. who: whom it counts for, such as "key:7" or "address:192.0.2.7"."""

    scope: Scope
    who: str
    limit: int


class Usage(NamedTuple):
    """How much of a limit is used. reset_seconds: until its minute ends."""

    scope: Scope
    limit: int
    used: int
    reset_seconds: int

    def headers(self) -> tuple[tuple[str, str], ...]:
        return (
            ("X-RateLimit-Limit", str(self.limit)),
            ("X-RateLimit-Remaining", str(max(0, self.limit - self.used))),
            ("X-RateLimit-Reset", str(self.reset_seconds)),
            ("X-RateLimit-Scope", self.scope.value),
        )


class Taken(NamedTuple):
    """usages: one of each counter, as it stands now. refused: the first that did not fit; then nothing was taken."""

    usages: tuple[Usage, ...]
    refused: Usage | None

    @property
    def told(self) -> Usage:
        """The one for the headers: that of the first counter, or the one that refused."""
        return self.refused or self.usages[0]


def take(counters: Sequence[Counter], weight: int = 1, tell: bool = True) -> Taken | None:
    """Counts something of that weight in all of the counters, or in none if it would be too much for one.

    Exact however many processes count at once. None when limits are lifted. tell: a refusal shows in the metrics.
    """
    if not settings.RATE_LIMIT_ENABLED:
        return None
    now = time.time()
    windows = [_window(counter, now) for counter in counters]
    steps = [
        Step(_name(counter, window), weight, counter.limit)
        for counter, (window, _) in zip(counters, windows, strict=True)
    ]
    fits, counts = _shared(settings.REDIS_URL).step(steps)
    usages = tuple(
        Usage(counter.scope, counter.limit, count, left)
        for counter, count, (_, left) in zip(counters, counts, windows, strict=True)
    )
    refused = None if fits else next(usage for usage in usages if usage.used + weight > usage.limit)
    if refused is not None and tell:
        rate_limit_hits.labels(refused.scope.value).inc()
    return Taken(usages, refused)


def tally(counter: Counter, add: int) -> Usage | None:
    """Counts `add` more, whether it is within the limit or not; None when limits are lifted."""
    taken = take([counter._replace(limit=NO_LIMIT)], add)
    return None if taken is None else taken.told._replace(limit=counter.limit)


def _window(counter: Counter, now: float) -> tuple[int, int]:
    """The number of the counter's minute, and the whole seconds until it ends."""
    shifted = now + crc32(counter.who.encode()) % MINUTE
    return int(shifted // MINUTE), max(1, round(MINUTE - shifted % MINUTE))


def _name(counter: Counter, window: int) -> str:
    return f"{settings.LIMITS_PREFIX}:{counter.scope.value}:{counter.who}:{window}"


@cache
def _shared(url: str) -> SharedCounters:
    return SharedCounters(url)
