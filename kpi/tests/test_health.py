"""GET /health · GET /ready"""

import socket
import threading
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.utils import OperationalError
from django.test import Client

from common import clock
from kpi import health
from market.models import Price
from market.services import set_price
from trading.services import make_first_markets

PATIENCE_SECONDS = 5.0
PARTS = {"database", "redis", "broker", "price_feed"}


@pytest.fixture
def closed_port():
    """An address where nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{found.getsockname()[1]}"


@pytest.fixture
def silent_port():
    """An address that takes connections and never says a word."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        yield f"127.0.0.1:{silent.getsockname()[1]}"


@pytest.fixture
def exchange(db):
    for market in make_first_markets():
        set_price(market.symbol, Decimal(100), Price.Source.SIMULATION)


def ready(client):
    """(status, the parts that are not ok); the answer has its one shape and comes soon."""
    started = time.monotonic()
    answer = client.get("/ready")
    assert time.monotonic() - started < PATIENCE_SECONDS
    body = answer.json()
    assert set(body) == {"status", "checks"} and set(body["checks"]) == PARTS
    assert body["status"] == ("ok" if answer.status_code == 200 else "unavailable")
    return answer.status_code, {name for name, check in body["checks"].items() if not check["ok"]}


def test_a_live_process_says_so_whatever_else_is_there(client: Client, closed_port, settings, monkeypatch):
    settings.REDIS_URL = settings.CELERY_BROKER_URL = f"redis://{closed_port}/0"
    monkeypatch.setattr(connection, "cursor", _lost)
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_all_is_there(client: Client, exchange):
    assert ready(client) == (200, set())


def test_without_redis(client: Client, exchange, settings, closed_port):
    settings.REDIS_URL = f"redis://{closed_port}/0"
    assert ready(client) == (503, {"redis"})


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_without_the_broker(client: Client, exchange, settings, closed_port, scheme):
    settings.CELERY_BROKER_URL = f"{scheme}://{closed_port}/0"
    assert ready(client) == (503, {"broker"})


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_takes_the_call_and_never_answers(
    client: Client, exchange, settings, silent_port, scheme
):
    settings.CELERY_BROKER_URL = f"{scheme}://{silent_port}/0"
    assert _in_a_thread(lambda: health._is_ok("broker", health._broker)) is False


def test_a_redis_that_takes_the_call_and_never_answers(client: Client, exchange, settings, silent_port):
    settings.REDIS_URL = f"redis://{silent_port}/0"
    assert ready(client) == (503, {"redis"})


def test_without_the_database(client: Client, exchange, monkeypatch):
    with monkeypatch.context() as away:
        away.setattr(connection, "cursor", _lost)
        assert ready(client) == (503, {"database", "price_feed"})
    assert ready(client) == (200, set())


@pytest.mark.parametrize("age", [31, 3600])
def test_when_a_price_has_grown_old(client: Client, exchange, age):
    Price.objects.filter(market__symbol="ETH-BTC").update(updated_at=clock.now() - timedelta(seconds=age))
    assert ready(client) == (503, {"price_feed"})


def test_when_there_has_been_no_price(client: Client, exchange):
    Price.objects.all().delete()
    assert ready(client) == (503, {"price_feed"})


def test_everything_gone_is_still_a_quick_answer(
    client: Client, exchange, settings, closed_port, monkeypatch
):
    settings.REDIS_URL = settings.CELERY_BROKER_URL = f"redis://{closed_port}/0"
    with monkeypatch.context() as away:
        away.setattr(connection, "cursor", _lost)
        assert ready(client) == (503, PARTS)


def test_what_is_wrong_is_not_told_to_strangers(client: Client, exchange, settings, closed_port):
    settings.REDIS_URL = f"redis://secret-name:secret-word@{closed_port}/0"
    assert "secret" not in client.get("/ready").content.decode()


def _lost(*args, **kwargs):
    raise OperationalError("server closed the connection unexpectedly")


def _in_a_thread(look):
    """The result of a look that must not hang; fails instead of hanging the tests."""
    results = []
    thread = threading.Thread(target=lambda: results.append(look()), daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive(), "it hangs"
    return results[0]
