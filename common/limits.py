"""Limits on how often something may be done, counted by django-ratelimit in the cache in fixed minutes."""

from dataclasses import dataclass

from django.conf import settings
from django_ratelimit.core import get_usage


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a limit is used. reset_seconds: until the window ends."""

    limit: int
    count: int
    reset_seconds: int

    @property
    def exceeded(self) -> bool:
        return self.count > self.limit

    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - self.count)),
            "X-RateLimit-Reset": str(self.reset_seconds),
        }


def count(group: str, key: str, limit: int, increment: bool = True) -> Usage | None:
    """Counts one use of `key` in `group` against `limit` a minute; None when limits are lifted.

    increment: False only looks.
    """
    if not settings.RATE_LIMIT_ENABLED:
        return None
    for _ in range(2):
        found = get_usage(None, group, key=lambda *_: key, rate=f"{limit}/m", increment=increment)
        if found is None:
            return None
        # A time left below zero says that the cache lost the counter between two steps (Redis went away just
        # then); the second try counts in its place.
        if found["time_left"] >= 0:
            return Usage(limit, found["count"], max(1, found["time_left"]))
    return None
