"""GET /metrics of a process without a web server."""

import socket

import pytest
import requests

from common import metrics_server


@pytest.fixture
def server():
    server = metrics_server.serve(0)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_it_tells_what_the_process_counted(server):
    answer = requests.get(f"{server}/metrics", timeout=10)
    assert answer.status_code == 200 and "bourse_orders_total" in answer.text
    assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/", "/metrics/", "/admin", "/%00"])
def test_there_is_nothing_else(server, path):
    assert requests.get(server + path, timeout=10).status_code == 404


def test_it_is_only_read(server):
    assert requests.post(f"{server}/metrics", data=b"x", timeout=10).status_code == 405
    assert requests.head(f"{server}/metrics", timeout=10).status_code == 200


def test_who_may_not_look_finds_nothing(server, settings):
    settings.METRICS_ALLOW = ["192.0.2.0/24"]
    assert requests.get(f"{server}/metrics", timeout=10).status_code == 404


def test_nobody_talks_himself_in(server, settings):
    settings.TRUST_PROXY, settings.METRICS_ALLOW = True, ["192.0.2.1"]
    said = {"X-Real-IP": "192.0.2.1", "X-Forwarded-For": "192.0.2.1"}
    assert requests.get(f"{server}/metrics", headers=said, timeout=10).status_code == 404


def test_what_is_no_request_ends_a_connection_and_nothing_else(server):
    with socket.create_connection(("127.0.0.1", int(server.rpartition(":")[2])), timeout=10) as peer:
        peer.sendall(b"\x00\xff nonsense\r\n\r\n")
        peer.recv(1000)
    assert requests.get(f"{server}/metrics", timeout=10).status_code == 200


def test_it_is_there_only_if_a_port_was_named(monkeypatch):
    monkeypatch.delenv("METRICS_PORT", raising=False)
    assert metrics_server.serve_if_asked() is None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("METRICS_PORT", str(port))
    monkeypatch.setenv("METRICS_HOST", "127.0.0.1")
    server = metrics_server.serve_if_asked()
    assert server.server_port == port
    server.shutdown()
    server.server_close()
