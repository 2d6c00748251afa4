"""What a trader meets when parts of the exchange die: nothing acknowledged is lost, every answer is clean."""

import contextlib
import os
import random
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from exchange_site.local import embedded, processes, programs
from exchange_site.local.data_folder import DataFolder
from exchange_site.tests.exchange import PATIENCE_SECONDS, LiveExchange

SECRET_KEY = "for-tests-only-" + "x" * 40
TRADERS = ("alice", "bob", "carol")


class OwnServers:
    """An exchange with a PostgreSQL and a Redis of its own, so that they can be killed."""

    def __init__(self, path: Path) -> None:
        self.folder = DataFolder(path)
        self._stack = contextlib.ExitStack()
        self._is_seeded = False

    def start(self) -> LiveExchange:
        addresses = self._stack.enter_context(embedded.servers(self.folder))
        self.environment = os.environ | addresses | {
            "SECRET_KEY": SECRET_KEY,
            "BOURSE_DEMO": "1",
            "BOURSE_DATA_DIR": str(self.folder.path),
            "PRICE_FEED": "simulation",
            "RATE_LIMIT": "off",
            "TRUST_PROXY": "1",
        }  # fmt: skip
        if not self._is_seeded:
            self.manage("migrate", "--verbosity", "0")
            self.manage("seed", "--verbosity", "0")
            self._is_seeded = True
        self.exchange = LiveExchange(self.folder, self.environment)
        self.exchange.start("web", "proxy")
        return self.exchange

    def manage(self, *arguments: str) -> str:
        """Output of a management command; fails the test if the command does."""
        done = subprocess.run(
            programs.manage(*arguments),
            check=False,
            env=self.environment,
            cwd=programs.CHECKOUT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def server(self, program: str) -> psutil.Process:
        home = "postgres" if program == "postgres" else "redis"
        return min(processes.at_home_in(self.folder.path / home, program), key=lambda each: each.pid)

    def restart_servers(self) -> None:
        """New PostgreSQL and Redis over the same data, while the web process stays as it is."""
        stack, self._stack = self._stack, contextlib.ExitStack()
        stack.close()
        self._stack.enter_context(embedded.servers(self.folder))

    def kill_everything(self) -> None:
        """As a power cut does."""
        self.exchange.kill("web", "proxy")
        for program in ("postgres", "redis-server"):
            self.server(program).send_signal(signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        if hasattr(self, "exchange"):
            self.exchange.stop_all()
        stack, self._stack = self._stack, contextlib.ExitStack()
        stack.close()


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnServers]:
    for name in ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "PROMETHEUS_MULTIPROC_DIR"):
        monkeypatch.delenv(name, raising=False)
    # Not pytest's tmp_path: any other run of pytest closes that to the database's system user.
    with tempfile.TemporaryDirectory(prefix="bourse-") as path:
        servers = OwnServers(Path(path) / "data")
        with servers.folder.held("a test"):
            try:
                yield servers
            finally:
                servers.stop()


class Load:
    """Traders who place orders as fast as they are answered, and write down what was acknowledged."""

    def __init__(self, exchange: LiveExchange, seed: int) -> None:
        self._exchange = exchange
        self._chance = random.Random(seed)
        self._stopping = threading.Event()
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self.unclean: list[str] = []
        tokens = [exchange.token(name) for name in TRADERS for _ in range(2)]
        self._threads = [
            threading.Thread(target=self._trade, args=(number, token)) for number, token in enumerate(tokens)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def await_acknowledged(self, count: int) -> None:
        wait_until(lambda: len(self.acknowledged) >= count)

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def _trade(self, number: int, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        chance = random.Random(self._chance.random() + number)
        count = 0
        while not self._stopping.is_set():
            count += 1
            order = {
                "symbol": chance.choice(["BTC-USDT", "ETH-USDT"]),
                "side": chance.choice(["buy", "sell"]),
                "type": "limit",
                "price": f"{3000 + chance.randrange(-5, 6)}",
                "quantity": "0.01",
                "client_order_id": f"t{number}-{count}-{id(self)}",
            }
            try:
                answer = requests.post(
                    f"{self._exchange.url}/api/v1/orders", json=order, headers=headers, timeout=10
                )
            except requests.RequestException:
                continue  # the server died: the outcome is unknown, and never acknowledged
            self._note(order["client_order_id"], answer)

    def _note(self, client_order_id: str, answer: requests.Response) -> None:
        if answer.status_code == 201:
            self.acknowledged[client_order_id] = answer.json() | {
                "token": answer.request.headers["Authorization"]
            }
        elif answer.status_code not in (422, 503) or not is_error(answer):
            self.unclean.append(f"{answer.status_code} {answer.text[:300]}")


def is_error(answer: requests.Response) -> bool:
    return set(answer.json()) == {"code", "message", "details"}


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


def assert_all_there(exchange: LiveExchange, acknowledged: dict[str, dict[str, Any]]) -> None:
    """Every acknowledged order is there once, and has at least the fills that it was acknowledged with."""
    for client_order_id, order in acknowledged.items():
        found = requests.get(
            f"{exchange.url}/api/v1/orders/client:{client_order_id}",
            headers={"Authorization": order["token"]},
            timeout=10,
        ).json()
        assert found.get("id") == order["id"], f"order {client_order_id} was lost or doubled: {found}"
        assert {fill["id"] for fill in order["fills"]} <= {fill["id"] for fill in found["fills"]}


def test_killing_everything_under_load_loses_no_acknowledged_order(own: OwnServers) -> None:
    acknowledged: dict[str, dict[str, Any]] = {}
    for seed in (1, 2, 3):
        load = Load(own.start(), seed)
        load.start()
        load.await_acknowledged(60)
        own.kill_everything()
        load.stop()
        assert not load.unclean
        acknowledged |= load.acknowledged
    exchange = own.start()
    assert_all_there(exchange, acknowledged)
    own.manage("audit")
    # And trading goes on from there.
    placed = exchange.call(
        "POST", "orders", "alice", symbol="BTC-USDT", side="buy", type="limit", price="2000", quantity="0.01"
    )
    assert placed["status"] == "open"


def test_the_web_process_killed_under_load_loses_no_acknowledged_order(own: OwnServers) -> None:
    exchange = own.start()
    load = Load(exchange, seed=4)
    load.start()
    for round_number in (1, 2, 3):
        load.await_acknowledged(60 * round_number)
        exchange.kill("web")
        exchange.start("web")
    load.stop()
    assert not load.unclean
    assert_all_there(exchange, load.acknowledged)
    own.manage("audit")


def test_without_postgresql_every_answer_is_a_clean_503_until_it_is_back(own: OwnServers) -> None:
    exchange = own.start()
    token = exchange.token("alice")
    own.server("postgres").send_signal(signal.SIGKILL)
    wait_until(lambda: not processes.at_home_in(own.folder.path / "postgres", "postgres"))
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
    own.restart_servers()
    wait_until(lambda: requests.get(f"{exchange.url}/", timeout=20).status_code == 200)
    wait_until(lambda: is_well(exchange, token))


def test_redis_away_costs_live_updates_and_nothing_else(own: OwnServers) -> None:
    exchange = own.start()
    own.server("redis-server").send_signal(signal.SIGKILL)
    wait_until(lambda: not processes.at_home_in(own.folder.path / "redis", "redis-server"))
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
