"""/metrics of a whole exchange: several processes, and one number for what they did together."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from celery import signals
from django.core.management import call_command
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect

from common import metrics_server
from exchange_site.celery import app
from exchange_site.local import processes
from exchange_site.local.data_folder import DataFolder
from exchange_site.tests.browser import environment_of
from exchange_site.tests.exchange import LiveExchange
from exchange_site.tests.test_failures import wait_until
from kpi.tests.test_metrics import judged
from market.services import tick_prices

Figures = dict[tuple[str, ...], float]
Start = Callable[..., LiveExchange]
WATCH = "accounts.tasks.watch_ledger"


@pytest.fixture
def counters(tmp_path: Path) -> Path:
    return DataFolder(tmp_path).folder("prometheus")


@pytest.fixture
def start(transactional_db: None, counters: Path) -> Iterator[Start]:
    """`start(programs, **environment)`: an exchange of these programs that share a folder for what they count."""
    call_command("seed", verbosity=0)
    tick_prices()
    connection.close()
    folder = DataFolder(counters.parent)
    shared = {"PROMETHEUS_MULTIPROC_DIR": str(counters)}
    with contextlib.ExitStack() as stack:

        def begin(*programs: str, **more: str) -> LiveExchange:
            exchange = LiveExchange(folder, environment_of(folder) | shared | more)
            stack.callback(exchange.stop_all)
            exchange.start(*programs)
            return exchange

        yield begin


def page(url: str) -> bytes:
    answer = requests.get(f"{url}/metrics", timeout=20)
    assert answer.status_code == 200, answer.text[:500]
    return answer.content


def figures(url: str) -> Figures:
    """Name and label values (by the label's name) -> value."""
    families = text_string_to_metric_families(page(url).decode())
    return {(s.name, *(v for _, v in sorted(s.labels.items()))): s.value for f in families for s in f.samples}


def test_what_two_web_processes_answered_is_one_number(start: Start, counters: Path) -> None:
    exchange = start("web", "sockets", "proxy", WEB_WORKERS="2")
    token = {"Authorization": f"Bearer {exchange.token('alice')}"}
    order = {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": "1000", "quantity": "0.01"}

    def ask(number: int) -> int:
        """On a connection of its own, so that both processes get some."""
        path, body = [
            ("time", None),
            ("orders", order),
            ("orders", order | {"price": "-1"}),
            ("made-up", None),
        ][number % 4]
        method = "POST" if body else "GET"
        return requests.request(
            method, f"{exchange.url}/api/v1/{path}", json=body, headers=token, timeout=20
        ).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(ask, range(80)))
    assert [statuses[n::4] for n in range(4)] == [[200] * 20, [201] * 20, [400] * 20, [404] * 20]
    for _ in range(6):  # whichever process answers
        told = figures(exchange.url)
        assert told["api_requests_total", "/api/v1/time", "GET", "200"] == 20
        assert told["api_requests_total", "/api/v1/orders", "POST", "201"] == 20
        assert told["api_requests_total", "/api/v1/orders", "POST", "400"] == 20
        assert told["api_error_total", "VALIDATION_ERROR", "/api/v1/orders", "POST", "400"] == 20
        assert told["api_error_total", "NOT_FOUND", "/api/unmatched", "GET", "404"] == 20
        assert told["api_request_latency_seconds_count", "/api/v1/orders", "POST"] == 40
        assert told["bourse_orders_total", "buy", "BTC-USDT", "limit"] == 20
        assert told["bourse_matching_batch_requests_sum", "BTC-USDT"] == 20
        assert told["bourse_matching_queue_depth", "BTC-USDT"] == 0
    assert len(list(counters.glob("counter_*.db"))) >= 3, "two of the web, one of sockets"
    assert judged(page(exchange.url)) == ""


def test_connections_are_those_of_the_processes_that_live(start: Start) -> None:
    exchange = start("web", "sockets", "proxy")

    def is_told(name: str, number: int) -> bool:
        return figures(exchange.url).get((name, "marketdata")) == number

    address = exchange.url.replace("http", "ws", 1) + "/ws/marketdata"
    with connect(address) as one, connect(address) as other:
        for client in (one, other):
            client.send('{"action": "pong"}')
        wait_until(lambda: is_told("bourse_websocket_connections", 2))
        wait_until(lambda: is_told("bourse_websocket_messages_received_total", 2))
        other.close()
        wait_until(lambda: is_told("bourse_websocket_connections", 1))
        own = f"http://127.0.0.1:{exchange.port('sockets')}"
        assert figures(own)["bourse_websocket_connections", "marketdata"] == 1, (
            "sockets answers for itself too"
        )
        exchange.kill("sockets")
    told = figures(exchange.url)
    assert told.get(("bourse_websocket_connections", "marketdata"), 0) == 0
    assert told["bourse_websocket_connects_total", "marketdata"] == 2


def test_a_worker_answers_for_its_children_on_a_port_of_its_own(start: Start) -> None:
    port = processes.free_port()
    start("worker", METRICS_PORT=str(port), METRICS_HOST="127.0.0.1")
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: not processes.port_is_free("127.0.0.1", port))
    app.send_task(WATCH)
    wait_until(lambda: figures(url).get(("bourse_task_seconds_count", WATCH)) == 1)
    told = figures(url)
    assert told["bourse_task_delay_seconds_count", WATCH] == 1
    assert told.get(("bourse_task_failures_total", WATCH), 0) == 0
    assert requests.get(f"{url}/health", timeout=20).status_code == 404


def test_beat_answers_on_a_port_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(metrics_server, "serve_if_asked", lambda: asked.append("beat"))
    signals.beat_init.send(sender=None)
    assert asked == ["beat"]
