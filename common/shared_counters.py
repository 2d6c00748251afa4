"""Counters of a window of time which all processes share.

They are in Redis, where all that a request counts in is judged and raised in one step and one round trip. Each
process remembers what it last saw of them. So while Redis is away it goes on from there by itself, and a Redis that
comes back empty, or with older numbers, is told what had been used: never an open door, never a dead exchange.
"""

import logging
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 2.0
TIMEOUT_SECONDS = 0.5
KEPT_SECONDS = 120  # longer than any window
MOST_REMEMBERED = 200_000
NO_LIMIT = 2**53

# Of each counter: what to add, the most it may be, and what it is at least, as the process remembers it.
_SCRIPT = """
local fits, counts = 1, {}
for i, key in ipairs(KEYS) do
  local add, most, least = tonumber(ARGV[3*i-2]), tonumber(ARGV[3*i-1]), tonumber(ARGV[3*i])
  counts[i] = math.max(tonumber(redis.call('GET', key) or '0'), least)
  if counts[i] + add > most then fits = 0 end
end
if fits == 1 then
  for i, key in ipairs(KEYS) do
    counts[i] = counts[i] + tonumber(ARGV[3*i-2])
    redis.call('SET', key, counts[i], 'EX', {kept})
  end
end
return {fits, unpack(counts)}
""".replace("{kept}", str(KEPT_SECONDS))


class Step(NamedTuple):
    """What one counter is asked. name: of the counter and its window, never used for another.

    A counter is never lowered: what was once seen of it holds until its window ends.
    """

    name: str
    add: int
    most: int


class SharedCounters:
    """url: of the Redis. Safe for threads, and for processes that fork."""

    def __init__(self, url: str) -> None:
        # A connection that was closed while it lay idle is opened anew once; a Redis that is slow is not asked again.
        retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        self._client = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, retry=retry
        )
        self._script = self._client.register_script(_SCRIPT)
        self._memory = _Memory()
        self._away_until = 0.0

    def step(self, steps: Sequence[Step]) -> tuple[bool, list[int]]:
        """Raises all of the counters or, if one would go above its most, none. Whether they fit, and their counts."""
        seen = self._memory.seen(steps)
        counts = [each.used for each in seen]
        if not _fit(steps, counts):  # who is known to be above a limit costs Redis nothing
            return False, counts
        if time.monotonic() >= self._away_until:
            try:
                answer = self._ask(steps, counts)
            except redis.RedisError as error:  # away, loading, full, read-only: all the same to us
                self._away_until = time.monotonic() + RETRY_AFTER_SECONDS
                logger.warning("limits are counted in this process alone for now: %s", type(error).__name__)
            else:
                self._memory.learn(steps, seen, answer[1])
                return answer
        return self._memory.step(steps)

    def _ask(self, steps: Sequence[Step], known: list[int]) -> tuple[bool, list[int]]:
        arguments: list[int] = []
        for step, count in zip(steps, known, strict=True):
            arguments += [step.add, step.most, count]
        fits, *counts = self._script(keys=[step.name for step in steps], args=arguments)
        return bool(fits), counts


class _Seen(NamedTuple):
    """used: of all processes, as far as we know. alone: what of it was counted here without Redis."""

    used: int = 0
    alone: int = 0


class _Memory:
    """What this process last saw of each counter, and counts in its place.

    Names live through one rotation and end with the next one: longer than their window.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newer: dict[str, _Seen] = {}
        self._older: dict[str, _Seen] = {}
        self._rotate_at = 0.0

    def seen(self, steps: Sequence[Step]) -> list[_Seen]:
        return [self._get(step.name) for step in steps]

    def learn(self, steps: Sequence[Step], before: list[_Seen], counts: list[int]) -> None:
        """Redis' counts. before: what had been seen when it was asked: it does not know what was counted here since."""
        with self._lock:
            for step, then, count in zip(steps, before, counts, strict=True):
                now = self._get(step.name)
                self._put(step.name, _Seen(max(now.used, count + now.alone - then.alone), now.alone))

    def step(self, steps: Sequence[Step]) -> tuple[bool, list[int]]:
        with self._lock:
            seen = self.seen(steps)
            counts = [each.used for each in seen]
            if not _fit(steps, counts):
                return False, counts
            for step, each in zip(steps, seen, strict=True):
                self._put(step.name, _Seen(each.used + step.add, each.alone + step.add))
            return True, [count + step.add for step, count in zip(steps, counts, strict=True)]

    def _get(self, name: str) -> _Seen:
        return self._newer.get(name) or self._older.get(name) or _Seen()

    def _put(self, name: str, seen: _Seen) -> None:
        now = time.monotonic()
        if now >= self._rotate_at or len(self._newer) >= MOST_REMEMBERED:
            self._older, self._newer, self._rotate_at = self._newer, {}, now + KEPT_SECONDS
        self._newer[name] = seen


def _fit(steps: Sequence[Step], counts: list[int]) -> bool:
    return all(count + step.add <= step.most for step, count in zip(steps, counts, strict=True))
