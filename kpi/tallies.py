"""What this process has counted since the last flush: of its answers, and of the counters that /metrics shows.

Counting costs a few microseconds and never waits for the database; kpi/flusher.py brings the counts there. What
was counted keeps its minute, however late it arrives.
"""

import os
import threading
import time
from collections.abc import Sequence
from typing import Any

from prometheus_client import Counter

from common.api.answered import Answered
from common.errors import ErrorCode
from kpi.buckets import bucket_of
from kpi.own_counters import OwnCounters
from kpi.request_metrics import API

# While the database is away. Older counts are then added to those of the oldest minute that is kept.
MOST_MINUTES = 120

RequestKey = tuple[str, str, int, str]


class MinuteTally:
    """Of one minute. requests: how many, how long together, and the slowest's, in microseconds."""

    __slots__ = ("counters", "latency", "requests")

    def __init__(self) -> None:
        self.requests: dict[RequestKey, list[int]] = {}
        self.latency: dict[int, int] = {}
        self.counters: dict[tuple[str, str], int] = {}

    def note(self, key: RequestKey, microseconds: int) -> None:
        self.add_requests(key, 1, microseconds, microseconds)
        bucket = bucket_of(microseconds)
        self.latency[bucket] = self.latency.get(bucket, 0) + 1

    def add_requests(self, key: RequestKey, requests: int, total_us: int, slowest_us: int) -> None:
        row = self.requests.get(key)
        if row is None:
            self.requests[key] = [requests, total_us, slowest_us]
            return
        row[0] += requests
        row[1] += total_us
        row[2] = max(row[2], slowest_us)

    def add(self, other: "MinuteTally") -> None:
        for key, row in other.requests.items():
            self.add_requests(key, *row)
        for bucket, count in other.latency.items():
            self.latency[bucket] = self.latency.get(bucket, 0) + count
        for counter, amount in other.counters.items():
            self.counters[counter] = self.counters.get(counter, 0) + amount

    def content(self) -> dict[str, Any]:
        """As a row of Slice has it."""
        return {
            "requests": [[*key, *row] for key, row in self.requests.items()],
            "latency": list(self.latency.items()),
            "counters": [[*key, amount] for key, amount in self.counters.items()],
        }


class Tallies:
    """Of one process, by minute (since the epoch). A forked child begins at nothing: its parent keeps its own."""

    def __init__(self, counters: Sequence[Counter] = ()) -> None:
        self._counters = OwnCounters(counters)
        self._begin()
        os.register_at_fork(after_in_child=self._after_fork)

    def _begin(self) -> None:
        # A new one: in a child another thread of the parent may hold the old one.
        self._mutex = threading.Lock()
        self._minutes: dict[int, MinuteTally] = {}

    def _after_fork(self) -> None:
        self._begin()
        self._counters.begin()

    def count(self, answered: Answered) -> None:
        """An answer of the API; others are not counted."""
        if not answered.endpoint.startswith(API):
            return
        code = answered.code if answered.code in ErrorCode.__members__ else ""
        key = (answered.endpoint, answered.method, answered.status, code)
        microseconds = int(answered.seconds * 1_000_000)
        with self._mutex:
            self._minute().note(key, microseconds)

    def take(self) -> dict[int, MinuteTally]:
        """All that was counted, by minute, and begin anew."""
        grown = self._counters.growth()
        with self._mutex:
            if grown:
                self._minute().counters = _sum(self._minute().counters, grown)
            taken, self._minutes = self._minutes, {}
        return taken

    def _minute(self) -> MinuteTally:
        minute = int(time.time() // 60)
        tally = self._minutes.get(minute)
        if tally is None:
            tally = self._minutes[minute] = MinuteTally()
            self._fold()
        return tally

    def _fold(self) -> None:
        """Memory is bounded, and no count is lost: the oldest minute takes in what is older."""
        if len(self._minutes) > MOST_MINUTES:
            oldest, next_one = sorted(self._minutes)[:2]
            self._minutes[next_one].add(self._minutes.pop(oldest))


def _sum(one: dict[tuple[str, str], int], other: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in one.keys() | other.keys()}
