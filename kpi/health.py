"""Is the process alive, and is all that it needs there?

GET /health · GET /ready
"""

import logging
from collections.abc import Callable
from datetime import timedelta

import redis
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from kombu import Connection

from common import clock
from market.models import Price

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 1.0
PRICE_STALE_AFTER = timedelta(seconds=30)


def health(request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """Each part that trading needs, ok or not; 503 unless all are."""
    checks = _checked()
    everything = all(checks.values())
    return JsonResponse(
        {
            "status": "ok" if everything else "unavailable",
            "checks": {n: {"ok": ok} for n, ok in checks.items()},
        },
        status=200 if everything else 503,
    )


def everything_is_ready() -> bool:
    """As `ready` would answer, without a request."""
    return all(_checked().values())


def _checked() -> dict[str, bool]:
    return {name: _is_ok(name, check) for name, check in CHECKS.items()}


def _is_ok(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception as error:
        logger.warning("%s is not ready: %s", name, error)
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def _redis() -> bool:
    with redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
    ) as client:
        return bool(client.ping())


def _broker() -> bool:
    # The first limit is RabbitMQ's, the others are Redis'. One that takes the call and never answers must not
    # hold us, and trying again is for whoever asks.
    timeouts = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    with Connection(
        settings.CELERY_BROKER_URL, connect_timeout=TIMEOUT_SECONDS, transport_options=timeouts
    ) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
    return True


def _price_feed() -> bool:
    """There are prices from outside, and each is fresh."""
    oldest = Price.objects.order_by("updated_at").values_list("updated_at", flat=True).first()
    return oldest is not None and clock.now() - oldest < PRICE_STALE_AFTER


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database,
    "redis": _redis,
    "broker": _broker,
    "price_feed": _price_feed,
}
