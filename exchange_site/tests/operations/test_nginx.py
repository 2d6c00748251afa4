"""The containers' front door: TLS only, the API's error shape, true addresses, and nothing for strangers to hold."""

import contextlib
import http.client
import json
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from exchange_site.local import processes, proxy
from exchange_site.tests.operations import front_door
from exchange_site.tests.operations.front_door import FrontDoor
from exchange_site.tests.operations.tools import DOCKER, run
from exchange_site.tests.test_local_proxy import ERROR_KEYS, web

__all__ = ["web"]
TEXT = (DOCKER / "nginx" / "nginx.conf").read_text()


@pytest.fixture
def door(tmp_path: Path, web: int) -> Iterator[FrontDoor]:
    """In front of a web server that answers with the headers it got; nothing listens behind /ws/."""
    with front_door.running(tmp_path, web, processes.free_port()) as opened:
        yield opened


def ask(door: FrontDoor, path: str, **options: object) -> requests.Response:
    options = {"headers": {}, "allow_redirects": False, "timeout": 10, "method": "GET"} | options
    return requests.request(
        url=f"https://127.0.0.1:{door.https}{path}", verify=str(door.certificate), **options
    )


def test_nginx_takes_the_files_as_they_are(tmp_path: Path) -> None:
    said = run(*front_door.command(front_door.home(tmp_path)), "-t")
    assert "test is successful" in said and "warn" not in said


def test_what_it_refuses_itself_is_what_the_demo_refuses() -> None:
    assert (DOCKER / "nginx" / "refusals.conf").read_text().partition("\n")[2] == proxy.refusals()


def test_it_speaks_of_itself_as_the_demo_does() -> None:
    for directive in ("proxy_set_header", "proxy_http_version", "proxy_connect_timeout", "map"):
        assert lines(proxy.CONFIGURATION.replace("{{", "{").replace("}}", "}"), directive) <= lines(
            TEXT, directive
        )


def test_who_comes_without_tls_is_sent_to_the_door_that_has_it(door: FrontDoor) -> None:
    url = f"http://127.0.0.1:{door.http}/api/v1/orders?limit=5"
    answer = requests.post(url, json={}, allow_redirects=False, timeout=10)
    assert answer.status_code == 308
    assert answer.headers["Location"] == "https://127.0.0.1/api/v1/orders?limit=5"


def test_the_programs_behind_learn_the_real_address_whatever_the_client_claims(door: FrontDoor) -> None:
    claims = {
        "X-Forwarded-For": "1.2.3.4",
        "X-Real-IP": "1.2.3.4",
        "X-Forwarded-Proto": "http",
        "X-Request-ID": "mine-7",
    }
    seen = ask(door, "/", headers=claims | {"X-Request-ID": "mine-7"}).json()
    assert seen["x-forwarded-for"] == seen["x-real-ip"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "https"
    assert seen["host"] == f"127.0.0.1:{door.https}"
    assert seen["x-request-id"] == "mine-7"


@pytest.mark.parametrize(
    "path", ["/metrics", "//metrics", "/%6detrics", "/x/../metrics", "/metrics?a=1", "/ready"]
)
def test_what_is_for_operators_is_not_there_for_strangers(door: FrontDoor, path: str) -> None:
    status, _, body = raw(door, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert (status, body["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"GARBAGE\r\n\r\n", 400, "BAD_REQUEST"),
        (b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 400, "BAD_REQUEST"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n", 413, "PAYLOAD_TOO_LARGE"),
        (b"GET /ws/marketdata HTTP/1.1\r\nHost: x\r\n\r\n", 426, "BAD_REQUEST"),
        (b"GET /ws/user HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 503, "UNAVAILABLE"),
    ],
)  # fmt: skip
def test_what_it_refuses_has_the_error_shape(
    door: FrontDoor, request_bytes: bytes, status: int, code: str
) -> None:
    answer, headers, body = raw(door, request_bytes)
    assert (answer, body["code"]) == (status, code)
    assert set(body) == ERROR_KEYS and headers["content-type"] == "application/json"


def test_plain_http_to_the_tls_port_is_a_bad_request(door: FrontDoor) -> None:
    answer = requests.get(f"http://127.0.0.1:{door.https}/", timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (400, "BAD_REQUEST")


def test_one_address_holds_a_bounded_number_of_requests(tmp_path: Path, web: int) -> None:
    """With 2 in place of 200: a third request, while the answers to two are waited for, is refused."""
    with contextlib.ExitStack() as stack:
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = silent.getsockname()[1]
        few = {"limit_conn addresses 200": "limit_conn addresses 2"}
        door = stack.enter_context(front_door.running(tmp_path, port, port, **few))
        request = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
        for _ in range(2):
            stack.enter_context(connected(door)).sendall(request)
            stack.enter_context(silent.accept()[0])  # nginx has passed it on
        status, headers, body = raw(door, request)
        assert (status, body["code"]) == (429, "RATE_LIMITED")
        assert int(headers["retry-after"]) > 0


def test_what_the_exchange_did_not_answer_is_logged_without_what_was_asked_for(door: FrontDoor) -> None:
    secret = "token=very-secret"
    raw(door, f"GET /metrics?{secret} HTTP/1.1\r\nHost: x\r\nAuthorization: {secret}\r\n\r\n".encode())
    raw(door, f"GET /ws/user?{secret} HTTP/1.1\r\nHost: {secret}\r\nUpgrade: websocket\r\n\r\n".encode())
    ask(door, f"/?{secret}")  # answered by the exchange, which logs for itself
    entries = [json.loads(line) for line in door.log.read_text().splitlines()]
    assert [entry["http.response.status_code"] for entry in entries] == [404, 503]
    assert entries[0]["bourse.upstream"] == "" and entries[1]["bourse.upstream"].startswith("127.0.0.1:")
    assert {"@timestamp", "ecs.version", "event.dataset", "service.name", "client.ip"} <= set(entries[0])
    assert "secret" not in door.log.read_text() + door.said.read_text()


def lines(configuration: str, directive: str) -> set[str]:
    found = re.findall(rf"^\s*({directive} .*)", configuration, re.MULTILINE)
    assert found
    return {line for line in found if "$unanswered" not in line}


def connected(door: FrontDoor) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(door.certificate))
    return context.wrap_socket(
        socket.create_connection(("127.0.0.1", door.https), 10), server_hostname="localhost"
    )


def raw(door: FrontDoor, request: bytes) -> tuple[int, dict[str, str], dict[str, object]]:
    """Status, headers and JSON body of the answer to these bytes."""
    with connected(door) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, headers, json.loads(answer.read())
