"""Each program on SIGTERM, as a deploy sends it: what was begun is ended, clients are told, and it is gone in time."""

import json
import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
import requests
from celery import Celery
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from exchange_site.tests.exchange import LiveExchange
from exchange_site.tests.load import Load
from exchange_site.tests.own_servers import OwnServers

STOP_SECONDS = 10
PATIENCE_SECONDS = 30
LOCK_SECONDS = 3.5  # longer than a program's old patience, shorter than lock_timeout
AT_ONCE = 24  # more than the web server has threads
ORDER = {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": "30000", "quantity": "0.001"}
GOING_AWAY = {"type": "going_away"}


class Locked:
    """Nothing can be matched, as when another process has a large batch in hand."""

    def __init__(self, own: OwnServers) -> None:
        self._connection = psycopg.connect(own.environment["DATABASE_URL"])
        self._connection.execute("SELECT FROM trading_bookstate FOR UPDATE")

    def waiting(self) -> int:
        """How many sessions wait for a lock."""
        with psycopg.connect(self._connection.info.dsn, autocommit=True) as look:
            row = look.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            ).fetchone()
        return int(row[0]) if row else 0

    def release(self) -> None:
        self._connection.rollback()
        self._connection.close()


def await_that(condition: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come about"
        time.sleep(0.02)


def place(exchange: LiveExchange, token: str, number: int) -> requests.Response:
    body = ORDER | {"client_order_id": f"order-{number}"}
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(
        f"{exchange.url}/api/v1/orders", json=body, headers=headers, timeout=PATIENCE_SECONDS
    )


def test_the_web_server_answers_all_that_it_has_in_hand(own: OwnServers) -> None:
    exchange = own.start("web", "proxy")
    token = exchange.token("alice")
    assert place(exchange, token, 0).status_code == 201
    locked = Locked(own)
    with ThreadPoolExecutor(AT_ONCE) as clients:
        asked: list[Future[requests.Response]] = [
            clients.submit(place, exchange, token, 1 + number) for number in range(AT_ONCE)
        ]
        await_that(locked.waiting, "a batch in hand")
        time.sleep(0.5)  # so that all of them have been sent
        threading.Timer(LOCK_SECONDS, locked.release).start()
        assert exchange.end("web") < STOP_SECONDS
        answers = [each.result() for each in asked]
    assert {answer.status_code for answer in answers} == {201}
    late = place(exchange, token, 99)
    assert (late.status_code, late.json()["code"], late.headers["Retry-After"]) == (503, "UNAVAILABLE", "2")
    exchange.start("web")
    found = exchange.call("GET", "orders?limit=1000", "alice")["results"]
    assert {answer.json()["id"] for answer in answers} < {order["id"] for order in found}


def test_the_proxy_waits_for_the_answers_to_what_it_has_passed_on(own: OwnServers) -> None:
    exchange = own.start("web", "sockets", "proxy")
    token = exchange.token("alice")
    locked = Locked(own)
    with ThreadPoolExecutor(4) as clients:
        asked = [clients.submit(place, exchange, token, number) for number in range(4)]
        await_that(locked.waiting, "a batch in hand")
        time.sleep(0.5)
        threading.Timer(2, locked.release).start()
        assert exchange.end("proxy") < STOP_SECONDS
        assert {each.result().status_code for each in asked} == {201}


@pytest.mark.timeout(300)
def test_under_full_load_nothing_is_lost_and_no_request_is_torn(own: OwnServers) -> None:
    own.start("web", "sockets", "worker", "proxy")
    load = Load(own, random.Random(1))
    load.start()
    for name in ("web", "sockets", "worker", "web"):
        load.await_progress("placed", 40)
        assert own.exchange.end(name) < STOP_SECONDS, name
        own.exchange.start(name)
    load.await_progress("switch struck", 1)
    load.stop()
    assert load.differences() == []
    assert load.record.counts["not answered"] == 0, "each request got an answer, if only 503"
    own.manage("audit")


def hears(socket: ClientConnection) -> tuple[int | None, list[Any]]:
    """What it hears until the other side closes, and the code with which."""
    said: list[Any] = []
    try:
        while True:
            said.append(json.loads(socket.recv(timeout=PATIENCE_SECONDS)))
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None, said


def user_socket(exchange: LiveExchange, user: str, **options: Any) -> ClientConnection:
    socket = connect(f"{exchange.url.replace('http', 'ws', 1)}/ws/user")
    socket.send(json.dumps({"action": "authenticate", "token": exchange.token(user), **options}))
    assert json.loads(socket.recv(timeout=PATIENCE_SECONDS))["type"] == "authenticated"
    return socket


def test_the_sockets_are_told_and_a_deploy_cancels_nobodys_orders(own: OwnServers) -> None:
    exchange = own.start("web", "sockets", "worker", "beat", "proxy")
    token = exchange.token("alice")
    order = place(exchange, token, 1).json()
    on_market = connect(f"{exchange.url.replace('http', 'ws', 1)}/ws/marketdata")
    of_bob, of_alice = user_socket(exchange, "bob"), user_socket(exchange, "alice", cancel_on_disconnect=True)
    assert exchange.end("sockets") < STOP_SECONDS
    for socket in (on_market, of_bob):
        code, said = hears(socket)
        assert (code, said[-1]) == (1012, GOING_AWAY)
    code, said = hears(of_alice)
    assert (code, said[-1]) == (1012, GOING_AWAY | {"return_within_ms": 30_000})
    exchange.start("sockets")
    back = user_socket(exchange, "alice", cancel_on_disconnect=True)
    assert exchange.call("GET", f"orders/{order['id']}", "alice")["status"] == "open"
    back.close()  # in the ordinary way: the orders go at once
    await_that(
        lambda: exchange.call("GET", f"orders/{order['id']}", "alice")["status"] == "cancelled", "the cancel"
    )


def refused_sign_ins(own: OwnServers) -> int:
    """How many have reached the database, to become KPIs."""
    with psycopg.connect(own.environment["DATABASE_URL"], autocommit=True) as look:
        slices = look.execute("SELECT content -> 'counters' FROM kpi_slice").fetchall()
    return sum(more for [counters] in slices for name, _, more in counters if name == "auth_failures_total")


def test_what_a_socket_process_counted_last_is_not_lost(own: OwnServers) -> None:
    exchange = own.start("web", "sockets", "proxy")
    with connect(f"{exchange.url.replace('http', 'ws', 1)}/ws/user") as socket:
        socket.send(json.dumps({"action": "authenticate", "token": "no-such-token"}))
        assert hears(socket)[0] == 4001
    assert exchange.end("sockets") < STOP_SECONDS
    assert exchange.exit_codes["sockets"] == 0
    assert refused_sign_ins(own) == 1


def test_a_database_that_says_nothing_does_not_keep_the_sockets(own: OwnServers) -> None:
    exchange = own.start("web", "sockets", "proxy")
    on_user = user_socket(exchange, "alice", cancel_on_disconnect=True)
    family = own.family("postgres")
    for process in family:
        process.suspend()
    try:
        assert exchange.end("sockets") < STOP_SECONDS
        code, said = hears(on_user)
        assert (code, said[-1]) == (1012, GOING_AWAY), "the sweep may strike before the client is back"
    finally:
        for process in family:
            process.resume()


def send_task(own: OwnServers, name: str) -> None:
    celery = Celery(set_as_current=False)
    with celery.connection_for_write(own.environment["REDIS_URL"]) as connection:
        celery.send_task(name, connection=connection)


def due_orders(own: OwnServers) -> list[str]:
    """Orders in two markets that have expired, which only a sweep tells; their ids."""
    terms = ORDER | {"time_in_force": "gtd", "expires_at": int(time.time() * 1000) + 1500}
    orders = (terms, terms | {"symbol": "ETH-USDT", "price": "2000", "quantity": "1"})
    placed = [own.exchange.call("POST", "orders", "alice", **order)["id"] for order in orders]
    time.sleep(2)
    return placed


def are_expired(exchange: LiveExchange, order_ids: list[str]) -> bool:
    return all(
        exchange.call("GET", f"orders/{order_id}", "alice")["status"] == "expired" for order_id in order_ids
    )


def test_a_worker_ends_the_task_in_its_hands(own: OwnServers) -> None:
    exchange = own.start("web", "worker", "proxy")
    due = due_orders(own)
    locked = Locked(own)
    send_task(own, "trading.tasks.sweep_markets")
    await_that(locked.waiting, "the task")
    threading.Timer(1, locked.release).start()
    assert exchange.end("worker") < STOP_SECONDS
    assert are_expired(exchange, due)


def test_a_worker_whose_task_takes_too_long_gives_it_back(own: OwnServers) -> None:
    """It waits for two markets, five seconds each. The next worker takes it, and nobody sends it anew."""
    exchange = own.start("web", "worker", "proxy")
    due = due_orders(own)
    locked = Locked(own)
    send_task(own, "trading.tasks.sweep_markets")
    await_that(locked.waiting, "the task")
    assert exchange.end("worker") < STOP_SECONDS
    locked.release()
    exchange.start("worker")
    await_that(lambda: are_expired(exchange, due), "the sweep")
