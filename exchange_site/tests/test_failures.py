"""What a trader meets while parts of the exchange are away: every answer is clean."""

import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from exchange_site.tests.exchange import PATIENCE_SECONDS, LiveExchange
from exchange_site.tests.own_servers import OwnServers


def is_well(exchange: LiveExchange, token: str) -> bool:
    """Sixteen answers in a row: each thread of the web process has found the database again."""
    headers = {"Authorization": f"Bearer {token}"}
    path = f"{exchange.url}/api/v1/account"
    return all(requests.get(path, headers=headers, timeout=20).status_code == 200 for _ in range(16))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_without_postgresql_every_answer_is_a_clean_503_until_it_is_back(own: OwnServers) -> None:
    exchange = own.start("web", "proxy")
    token = exchange.token("alice")
    own.kill_database(signal.SIGKILL)
    for path in ("markets", "orderbook/BTC-USDT", "orders", "account", "ticker/BTC-USDT"):
        answer = requests.get(
            f"{exchange.url}/api/v1/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=20
        )
        assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE"), (
            f"{path}: {answer.text[:500]}"
        )
        assert answer.headers["Retry-After"]
    assert requests.get(f"{exchange.url}/", timeout=20).status_code == 503
    assert requests.get(f"{exchange.url}/health", timeout=20).status_code == 200
    ready = requests.get(f"{exchange.url}/ready", timeout=20)
    assert ready.status_code == 503 and ready.json()["checks"]["database"] == {"ok": False}
    own.start_database()
    wait_until(lambda: requests.get(f"{exchange.url}/", timeout=20).status_code == 200)
    wait_until(lambda: is_well(exchange, token))


def test_a_postgresql_that_falls_silent_holds_nobody_for_ever(
    own: OwnServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped and not ended: its machine keeps every connection alive, and nothing is ever answered."""
    monkeypatch.setenv("STATEMENT_SECONDS", "1")
    exchange = own.start("web", "proxy")
    token = exchange.token("alice")
    order = {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": "30000", "quantity": "0.001"}
    headers = {"Authorization": f"Bearer {token}"}
    asks = [("GET", "orders", None), ("GET", "account", None), ("POST", "orders", order)] * 4

    def ask(method: str, path: str, body: dict[str, str] | None) -> requests.Response:
        url = f"{exchange.url}/api/v1/{path}"
        return requests.request(method, url, json=body, headers=headers, timeout=60)

    family = own.family("postgres")
    for process in family:
        process.suspend()
    try:
        with ThreadPoolExecutor(len(asks)) as clients:
            answers = list(clients.map(lambda each: ask(*each), asks))
    finally:
        for process in family:
            process.resume()
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(503, "UNAVAILABLE")}
    wait_until(lambda: is_well(exchange, token))
    assert ask("POST", "orders", order).status_code == 201
    own.manage("audit")


def test_redis_away_costs_live_updates_and_nothing_else(own: OwnServers) -> None:
    exchange = own.start("web", "proxy")
    own.server("redis-server").send_signal(signal.SIGKILL)
    wait_until(lambda: not own.family("redis-server"))
    placed = exchange.call(
        "POST",
        "orders",
        "alice",
        symbol="BTC-USDT",
        side="sell",
        type="limit",
        price="70000",
        quantity="0.01",
    )
    taken = exchange.call(
        "POST", "orders", "bob", symbol="BTC-USDT", side="buy", type="limit", price="70000", quantity="0.01"
    )
    assert (placed["status"], taken["status"]) == ("open", "filled")
    assert exchange.call("GET", "orderbook/BTC-USDT")["asks"] == []
    ready = requests.get(f"{exchange.url}/ready", timeout=20)
    assert ready.status_code == 503
    assert ready.json()["checks"]["redis"] == {"ok": False} and ready.json()["checks"]["database"] == {
        "ok": True
    }
    own.manage("audit")
