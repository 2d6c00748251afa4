"""Redis as Django's cache, with each process's own memory in its place while Redis is away.

Limits then hold per process instead of over all: neither an open door nor a dead exchange.
"""

import time
from collections.abc import Callable
from typing import Any

import redis.exceptions
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

RETRY_AFTER_SECONDS = 2.0
MEMORY_ENTRIES = 100_000


class FallbackRedisCache(RedisCache):
    """After a failure Redis is left alone for two seconds, so that not every request pays its time-out."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, dict(params))
        # Django's default of 300 entries would forget the counters of clients when many come.
        memory = {"KEY_PREFIX": params.get("KEY_PREFIX", ""), "OPTIONS": {"MAX_ENTRIES": MEMORY_ENTRIES}}
        self._memory = LocMemCache("fallback", memory)
        self._away_until = 0.0

    def _either(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._away_until:
            operation: Callable[..., Any] = getattr(super(), method)
            try:
                return operation(*args, **kwargs)
            except redis.exceptions.RedisError:  # away, loading, full, read-only: all the same to us
                self._away_until = time.monotonic() + RETRY_AFTER_SECONDS
        return getattr(self._memory, method)(*args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("add", *args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("set", *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("incr", *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("delete", *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("touch", *args, **kwargs)
