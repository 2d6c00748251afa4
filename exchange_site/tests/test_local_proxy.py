"""The front door: what nginx refuses itself has the API's error shape, and what it passes on is true."""

import contextlib
import http.client
import http.server
import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange_site.local import processes, proxy
from exchange_site.local.console import LocalError
from exchange_site.local.data_folder import DataFolder

ERROR_KEYS = {"code", "message", "details"}


class Echo(http.server.BaseHTTPRequestHandler):
    """A web server that answers with the headers it got."""

    def do_GET(self) -> None:
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", processes.free_port()), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def front_door(tmp_path: Path, web: int) -> Iterator[int]:
    """The port of an nginx in front of the echo; nothing listens behind its /ws/."""
    folder, port = DataFolder(tmp_path), processes.free_port()
    proxy.configure(folder, "127.0.0.1", port, web=web, sockets=processes.free_port())
    nginx = subprocess.Popen(proxy.command(folder))
    wait_until_listening(nginx, port)
    yield port
    nginx.terminate()
    assert nginx.wait(10) == 0


def wait_until_listening(nginx: "subprocess.Popen[bytes]", port: int) -> None:
    while nginx.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
    raise AssertionError("nginx did not start")


def raw(port: int, request: bytes) -> tuple[int, dict[str, str], dict[str, object]]:
    """Status, headers and JSON body of the answer to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, headers, json.loads(answer.read())


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"GARBAGE\r\n\r\n", 400, "BAD_REQUEST"),
        (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400, "BAD_REQUEST"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "BAD_REQUEST"),
        (b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "BAD_REQUEST"),
        (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 400, "BAD_REQUEST"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 40_000 + b"\r\n\r\n", 400, "BAD_REQUEST"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: odd\r\n\r\n", 400, "BAD_REQUEST"),
        (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405, "METHOD_NOT_ALLOWED"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n", 413, "PAYLOAD_TOO_LARGE"),
        (b"GET /ws/marketdata HTTP/1.1\r\nHost: x\r\n\r\n", 426, "BAD_REQUEST"),
    ],
)
def test_what_the_proxy_refuses_has_the_error_shape(
    front_door: int, request_bytes: bytes, status: int, code: str
) -> None:
    answer, headers, body = raw(front_door, request_bytes)
    assert (answer, body["code"]) == (status, code)
    assert set(body) == ERROR_KEYS
    assert headers["content-type"] == "application/json"


def test_a_server_that_is_not_there_is_unavailable_and_worth_another_try(front_door: int) -> None:
    request = b"GET /ws/marketdata HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    status, headers, body = raw(front_door, request)
    assert (status, body["code"]) == (503, "UNAVAILABLE")
    assert int(headers["retry-after"]) > 0


def test_the_servers_behind_learn_the_real_address_whatever_the_client_claims(front_door: int) -> None:
    claims = b"X-Forwarded-For: 1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n"
    _, _, seen = raw(front_door, b"GET / HTTP/1.1\r\nHost: bourse.test:8000\r\n" + claims + b"\r\n")
    assert seen["x-forwarded-for"] == seen["x-real-ip"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["host"] == "bourse.test:8000"


def test_a_folder_whose_name_would_end_in_the_configuration_is_refused(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "my; data")
    with pytest.raises(LocalError, match="BOURSE_DATA_DIR"):
        proxy.configure(folder, "127.0.0.1", 8000, web=1, sockets=2)
