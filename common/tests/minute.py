"""Limits in a minute that does not end, counted apart from other tests."""

import uuid
from types import SimpleNamespace

NOON = 1_700_000_000


def endless_minute(settings, monkeypatch):
    """Puts limits on. The clock it returns is moved by its `seconds`."""
    settings.RATE_LIMIT_ENABLED = settings.RATELIMIT_ENABLE = True
    settings.LIMITS_PREFIX = f"test-{uuid.uuid4()}"
    settings.RATELIMIT_CACHE_PREFIX = f"{settings.LIMITS_PREFIX}:"
    clock = SimpleNamespace(seconds=NOON)
    for module in ("common.limits", "django_ratelimit.core"):
        monkeypatch.setattr(f"{module}.time", SimpleNamespace(time=lambda: clock.seconds))
    return clock
