"""`make demo` as its user meets it: it comes up, it is all gone after Ctrl-C, and it keeps the data."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from exchange_site.local import processes
from exchange_site.local.data_folder import CHECKOUT

OURS_ALONE = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "SECRET_KEY", "BOURSE_DEMO", "HOST", "RATE_LIMIT")


class Demo:
    """One data folder and one port, in which the demo is started and stopped."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = processes.free_port()
        kept = {name: value for name, value in os.environ.items() if name not in OURS_ALONE}
        self.environment = kept | {
            "BOURSE_DATA_DIR": str(data),
            "PORT": str(self.port),
            "PRICE_FEED": "simulation",
        }
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.processes: list[psutil.Process] = []

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """What somebody runs in a second terminal."""
        return subprocess.run(
            [sys.executable, *arguments],
            env=self.environment,
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def start(self) -> None:
        self.log = self.data.with_name("demo.log")
        with self.log.open("wb") as log:
            self.supervisor = subprocess.Popen(
                [sys.executable, "-m", "exchange_site.local.demo"],
                env=self.environment,
                cwd=CHECKOUT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_ready()
        self.processes = psutil.Process(self.supervisor.pid).children(recursive=True)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 150
        while "Bourse is ready" not in self.said():
            assert self.supervisor.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self, number: int) -> int:
        self.supervisor.send_signal(number)
        return self.supervisor.wait(40)

    def living(self) -> list[psutil.Process]:
        return [process for process in self.processes if processes.is_alive(process)]

    def stop_what_is_left(self) -> None:
        """Only after a test that failed halfway is there anything."""
        if self.supervisor and self.supervisor.poll() is None:
            self.processes = psutil.Process(self.supervisor.pid).children(recursive=True)
            self.supervisor.kill()
            self.supervisor.wait()
        processes.stop_all(self.living(), patience_seconds=5)

    def ask(self, path: str, body: dict[str, str] | None = None) -> tuple[int, Any]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def signs_in(self, username: str, password: str) -> bool:
        status, _ = self.ask("/api/v1/auth/token", {"username": username, "password": password})
        return status == 200


@pytest.fixture
def demo() -> Iterator[Demo]:
    # Not pytest's tmp_path: each pytest that starts shuts that to other users, as whom PostgreSQL runs.
    with tempfile.TemporaryDirectory(prefix="bourse-test-") as place:
        demo = Demo(Path(place) / "data")
        yield demo
        demo.stop_what_is_left()


def test_the_demo_comes_up_stops_and_comes_up_again_with_its_data(demo: Demo) -> None:
    demo.start()
    assert demo.ask("/ready")[0] == 200
    assert demo.signs_in("alice", "demo-pass-1")
    assert demo.ask("/ws/marketdata")[0] == 426
    dave = {"username": "dave", "email": "dave@example.com", "password": "a-long-pass-9"}
    assert demo.ask("/api/v1/auth/register", dave)[0] == 201

    # A second terminal needs nothing but the checkout.
    audit = demo.command("manage.py", "audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    another = demo.command("-m", "exchange_site.local.demo")
    assert another.returncode == 1
    assert "is in use by make demo" in another.stdout

    assert demo.stop(signal.SIGINT) == 0, demo.said()
    assert_all_gone(demo)

    demo.start()
    assert demo.signs_in("dave", "a-long-pass-9")

    # Its supervisor killed outright: what it left behind ends before the next command starts anything.
    demo.supervisor.kill()
    demo.supervisor.wait()
    assert demo.living()
    audit = demo.command("-m", "exchange_site.local.run", "--", sys.executable, "manage.py", "audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert demo.living() == []


def assert_all_gone(demo: Demo) -> None:
    said = demo.said()
    assert demo.living() == []
    assert processes.port_is_free("127.0.0.1", demo.port)
    assert not (demo.data / "runtime.env").exists()
    assert "Traceback" not in said
    assert said.index("proxy stopped") < said.index("Stopping Redis") < said.index("Stopping PostgreSQL")
    assert said.rstrip().splitlines()[-1].startswith("Bourse stopped.")


def test_a_taken_port_is_named_and_nothing_is_started(demo: Demo) -> None:
    with socket.create_server(("127.0.0.1", demo.port)):
        refused = demo.command("-m", "exchange_site.local.demo")
    assert refused.returncode == 1
    assert f"Port {demo.port}" in refused.stdout
    assert f"PORT={demo.port + 1}" in refused.stdout
    assert not (demo.data / "postgres").exists()


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "8 000", "٨٠٠٠"])
def test_a_port_that_is_none_is_refused(demo: Demo, port: str) -> None:
    demo.environment["PORT"] = port
    refused = demo.command("-m", "exchange_site.local.demo")
    assert (refused.returncode, refused.stderr) == (1, "")
    assert f"PORT={port} is not a port" in refused.stdout
