"""A circuit breaker around a feed, so that a dead network costs nothing.

After three failures in a row no call is made for 30 seconds, then one; each further failure doubles the pause
up to ten minutes. The state is in the cache, so that all worker and web processes share what one of them has
found out. While Redis is away the cache keeps it per process, which is still right, only slower to learn;
when Redis is emptied the breaker is closed and learns anew.
"""

from collections.abc import Sequence
from datetime import datetime

from django.core.cache import cache
from pybreaker import STATE_CLOSED, CircuitBreaker, CircuitBreakerError, CircuitBreakerStorage

from market.feeds.price_feed import FeedFailed, PriceFeed, Quote

MAX_FAILURES = 3
FIRST_PAUSE_SECONDS = 30
LONGEST_PAUSE_SECONDS = 600
_FORGET_AFTER_SECONDS = 6 * LONGEST_PAUSE_SECONDS


class SharedStorage(CircuitBreakerStorage):
    """A breaker's state in Django's cache, and how often in a row it has opened."""

    def _get(self, field: str, default: object) -> object:
        value = cache.get(f"breaker:{self.name}:{field}")
        return default if value is None else value

    def _set(self, field: str, value: object) -> None:
        cache.set(f"breaker:{self.name}:{field}", value, _FORGET_AFTER_SECONDS)

    def _count(self, field: str) -> None:
        key = f"breaker:{self.name}:{field}"
        cache.add(key, 0, _FORGET_AFTER_SECONDS)
        try:
            cache.incr(key)
        except ValueError:  # Redis went away, or was emptied, between the two
            cache.set(key, 1, _FORGET_AFTER_SECONDS)

    @property
    def state(self) -> str:
        return str(self._get("state", STATE_CLOSED))

    @state.setter
    def state(self, state: str) -> None:
        if state == STATE_CLOSED:
            self._set("openings", 0)
        self._set("state", state)

    @property
    def openings(self) -> int:
        return int(str(self._get("openings", 0)))

    @property
    def counter(self) -> int:
        return int(str(self._get("failures", 0)))

    def increment_counter(self) -> None:
        self._count("failures")

    def reset_counter(self) -> None:
        if self.counter:
            self._set("failures", 0)

    @property
    def success_counter(self) -> int:
        return int(str(self._get("successes", 0)))

    def increment_success_counter(self) -> None:
        self._count("successes")

    def reset_success_counter(self) -> None:
        self._set("successes", 0)

    @property
    def opened_at(self) -> datetime | None:
        moment = self._get("opened_at", None)
        return moment if isinstance(moment, datetime) else None

    @opened_at.setter
    def opened_at(self, moment: datetime) -> None:
        self._set("opened_at", moment)
        self._count("openings")


class GuardedFeed:
    """A feed behind a breaker: while that is open, fetch fails at once and asks nobody."""

    def __init__(self, feed: PriceFeed) -> None:
        self._feed = feed
        self.storage = SharedStorage(feed.name)
        self._breaker = CircuitBreaker(fail_max=MAX_FAILURES, state_storage=self.storage, name=feed.name)

    @property
    def name(self) -> str:
        return self._feed.name

    @property
    def pause_seconds(self) -> int:
        """How long the feed is left alone once the breaker is open."""
        doublings = max(self.storage.openings - 1, 0)
        return min(FIRST_PAUSE_SECONDS * 2 ** min(doublings, 10), LONGEST_PAUSE_SECONDS)

    def fetch(self, symbols: Sequence[str]) -> dict[str, Quote]:
        """See PriceFeed."""
        self._breaker.reset_timeout = self.pause_seconds
        try:
            return self._breaker.call(self._feed.fetch, symbols)
        except CircuitBreakerError as error:
            raise FeedFailed(f"{self.name} is left alone for a while") from error
