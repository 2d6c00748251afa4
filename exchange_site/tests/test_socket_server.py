"""The process that serves WebSockets: what it has counted reaches the KPIs when it ends; who imports it counts none."""

import json
import os
import signal
import subprocess
import sys

import pytest
from websockets.exceptions import InvalidHandshake
from websockets.sync.client import connect

from exchange_site.local import processes
from kpi.models import Slice
from trading.tests.other_desk import PROJECT, database_url
from trading.tests.sockets.server import eventually

# The last flush alone brings it: no other is due within the hour.
SERVES = (
    "from kpi.flusher import flusher; flusher._seconds = 3600; from exchange_site.socket_server import main; "
)
THREADS = "import threading, exchange_site.asgi; print([each.name for each in threading.enumerate()])"


@pytest.fixture
def server(transactional_db):
    port = processes.free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", f"import exchange_site.asgi; {SERVES}main(['--port', '{port}'])"],
        cwd=PROJECT, env=os.environ | {"DATABASE_URL": database_url()},
    )  # fmt: skip

    def socket():
        try:
            return connect(f"ws://127.0.0.1:{port}/ws/user")
        except (OSError, InvalidHandshake):
            assert process.poll() is None
            return None

    yield process, lambda: eventually(socket, "the socket process")
    process.kill()
    process.wait()


def test_what_sockets_counted_last_is_in_the_kpis(server):
    process, connected = server
    with connected() as socket:
        socket.send(json.dumps({"action": "authenticate", "token": "no.such.token"}))
        assert json.loads(socket.recv(timeout=30))["code"] == "INVALID_TOKEN"
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    counted = [tuple(each) for slice in Slice.objects.all() for each in slice.content["counters"]]
    assert counted == [("auth_failures_total", "token", 1)]


def test_whoever_only_imports_the_application_sends_no_figures():
    """Tests and commands do, and must not keep a session on a database that they want to drop."""
    done = subprocess.run(
        [sys.executable, "-c", THREADS], cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60
    )
    assert "kpi-flusher" not in done.stdout
