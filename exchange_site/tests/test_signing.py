"""Signed requests against a running exchange: the examples of docs/signing.md as printed, many at once, and a crash."""

import base64
import json
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
import requests
from django.conf import settings

from accounts.signing import fits_public_key, fits_secret, signed_text
from accounts.tests.signer import Signer
from exchange_site.management.commands.seed import DEMO_PEOPLE
from exchange_site.tests.exchange import LiveExchange
from exchange_site.tests.own_servers import OwnServers

PAGE = (Path(__file__).parents[2] / "docs" / "signing.md").read_text()
PRINTED_ADDRESS = "http://127.0.0.1:8000"
ORDER = json.dumps(
    {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": "20000", "quantity": "0.001"}
).encode()


def example(language: str, number: int = 0) -> str:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[number]


def run(command: list[str], code: str, exchange: LiveExchange, folder: Path) -> list[str]:
    """The lines that an example writes."""
    code = code.replace(PRINTED_ADDRESS, exchange.url)
    done = subprocess.run(
        [*command, code], capture_output=True, text=True, check=False, timeout=60, cwd=folder
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    return [line for line in done.stdout.splitlines() if line]


def signed_order(signer: Signer) -> dict[str, str]:
    headers = signer.headers("POST", "/api/v1/orders", body=ORDER, window=60_000)
    return headers | {"Content-Type": "application/json"}


def send(exchange: LiveExchange, headers: dict[str, str]) -> tuple[int, str]:
    answer = requests.post(f"{exchange.url}/api/v1/orders", data=ORDER, headers=headers, timeout=30)
    return answer.status_code, answer.json().get("code", "")


@pytest.fixture
def signer() -> Signer:
    return Signer("beginner-key", "beginner-secret")


@pytest.fixture
def two_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_WORKERS", "2")


# ---- the page ----


def test_the_numbers_to_compare_with_are_right() -> None:
    body, text = example("json").rstrip("\n").encode(), example("text").rstrip("\n").encode()
    assert signed_text("1700000000000", "5000", "POST", "/api/v1/orders", b"", body) == text
    assert fits_secret("beginner-secret", text, example("text", 1).strip())
    public_key = re.search(r"public key `([^`]+)`", PAGE)
    assert public_key and fits_public_key(public_key[1], text, example("text", 2).strip())


def test_the_python_example_works_as_printed(live_exchange: LiveExchange, tmp_path: Path) -> None:
    lines = run([sys.executable, "-c"], example("python"), live_exchange, tmp_path)
    assert lines == ["open", "1", "cancelled"]


def test_the_curl_example_works_as_printed(live_exchange: LiveExchange, tmp_path: Path) -> None:
    lines = run(["bash", "-euc"], example("sh"), live_exchange, tmp_path)
    placed, listed, cancelled, account = [json.loads(line) for line in lines]
    assert placed["status"] == "open" and [order["id"] for order in listed["results"]] == [placed["id"]]
    assert "code" not in cancelled and account["balances"]


def test_the_page_names_the_secrets_of_the_demo(live_exchange: LiveExchange) -> None:
    for _, _, key, secret in DEMO_PEOPLE:
        assert f"`{key}`" in PAGE and f"`{secret}`" in PAGE
        assert send(live_exchange, signed_order(Signer(key, secret))) == (201, "")


# ---- addresses ----


def asked(exchange: LiveExchange, signer: Signer, address: bytes, path: str, query: bytes = b"") -> bytes:
    """The answer to a request whose address is sent as these bytes, which no client library would leave alone."""
    headers = signer.headers("GET", path, query) | {"Host": "127.0.0.1", "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
    where = urlsplit(exchange.url)
    with socket.create_connection((where.hostname, where.port), timeout=30) as connection:
        connection.sendall(b"GET " + address + b" HTTP/1.1\r\n" + head + b"\r\n")
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_path_is_signed_without_its_escapes_and_a_query_with_them(
    live_exchange: LiveExchange, signer: Signer
) -> None:
    path, query = "/api/v1/orders/client:no-such", b"account=main&note=caf%C3%A9+%20"
    for escaped in (b"client:no-such", b"client%3Ano-such", b"%63lient:no-such"):
        answer = asked(live_exchange, signer, b"/api/v1/orders/" + escaped + b"?" + query, path, query)
        assert b"ORDER_NOT_FOUND" in answer
        query += b"&"  # another request
    answer = asked(live_exchange, signer, b"/api/v1/orders?limit=1", "/api/v1/orders", b"limit=%31")
    assert b"INVALID_SIGNATURE" in answer


def test_odd_bytes_in_an_address_are_no_error_of_ours(live_exchange: LiveExchange, signer: Signer) -> None:
    for odd in (b"caf\xc3\xa9", b"\xff\xfe", b"%FF%FE", b"%0A", b"\xe2\x82\xac"):
        for address in (b"/api/v1/orders?note=" + odd, b"/api/v1/orders/client:" + odd):
            path = address.decode("latin-1").partition("?")[0]
            answer = asked(live_exchange, signer, address, path, b"note=" + odd)
            assert re.match(rb"HTTP/1.1 [24]\d\d ", answer), answer[:100]


# ---- once ----


def test_of_many_that_come_at_once_one_is_accepted(
    two_workers: None, live_exchange: LiveExchange, signer: Signer
) -> None:
    """By two processes, and whatever becomes of Redis."""
    headers = signed_order(signer)
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: send(live_exchange, headers), range(32)))
    assert sorted(answers) == [(201, "")] + [(401, "REQUEST_REPLAYED")] * 31
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    assert send(live_exchange, headers) == (401, "REQUEST_REPLAYED")
    assert send(live_exchange, headers | {"X-Signature": base64.b64encode(bytes(64)).decode()})[0] == 401


def test_a_crash_of_the_database_forgets_no_order_that_was_accepted(own: OwnServers, signer: Signer) -> None:
    """Not even the newest: what was accepted is on disk before anything it led to."""
    exchange = own.start("web", "proxy")
    for _ in range(3):
        headers = signed_order(signer)
        assert send(exchange, headers) == (201, "")
        own.kill_database(signal.SIGKILL)
        own.start_database()
        answers = (send(exchange, headers) for _ in range(40))
        # Each thread finds first that its connection was lost.
        assert next(answer for answer in answers if answer[0] != 503) == (401, "REQUEST_REPLAYED")
