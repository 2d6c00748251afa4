"""The containers' commands as processes of this machine: production settings, a folder and ports of their own, and the
containers' nginx in front."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import pytest
import requests
from django.db import connection

from accounts.models import Account, User
from accounts.services import adjust_balance
from exchange_site import container
from exchange_site.local import processes
from exchange_site.local.data_folder import DataFolder
from exchange_site.local.programs import CHECKOUT
from exchange_site.tests.browser import environment_of
from exchange_site.tests.operations import front_door
from exchange_site.tests.operations.front_door import FrontDoor

PASSWORD = "a-long-pass-7"
PATIENCE_SECONDS = 60
# Nobody's: long and mixed, as production demands.
SECRET_KEY = "0pS-q7Lx2mRz9Vb4Tn6Wc8Yd1Fg3Hj5Ks0Ae2Ui4Oo6Pp8-Zt1Xv3"
OF_TESTS = (
    "BOURSE_DEMO",
    "DEBUG",
    "RATE_LIMIT",
    "PROMETHEUS_MULTIPROC_DIR",
    "METRICS_PORT",
    "BROKER_URL",
    "PORT",
    "HOST",
)


class Containers:
    """One of each role. `metrics` is where each shows its metrics."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: list[IO[bytes]] = []
        self.ports = {role: processes.free_port() for role in container.CHECKS}
        self.door: FrontDoor

    def settings(self, role: str) -> dict[str, str]:
        """What compose gives to its containers, but for addresses."""
        given = environment_of(DataFolder(self._folder / role))
        ours = {
            "SECRET_KEY": SECRET_KEY,
            "ALLOWED_HOSTS": "localhost",
            "TRUST_PROXY": "1",
            "METRICS_ALLOW": "127.0.0.0/8",
            "HOST": "127.0.0.1",
            "WEB_WORKERS": "2",
            "WORKER_CONCURRENCY": "1",
            "BOURSE_DATA_DIR": str(self._folder / role),
            "STATIC_ROOT": str(self._folder / "collected"),
            "METRICS_PORT" if role in ("worker", "beat") else "PORT": str(self.ports.get(role, 0)),
        }
        return {name: value for name, value in given.items() if name not in OF_TESTS} | ours

    def do(self, *arguments: str) -> str:
        """A container that does something and ends; fails the test unless it ends well."""
        command = [sys.executable, "-m", "exchange_site.container", *arguments]
        done = subprocess.run(
            command,
            env=self.settings(arguments[-1]),
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def start(self, *roles: str) -> None:
        """These, and wait until each answers."""
        for role in roles:
            log = (self._folder / f"{role}.log").open("wb")
            self._logs.append(log)
            self._running[role] = subprocess.Popen(
                [sys.executable, "-m", "exchange_site.container", role],
                env=self.settings(role), cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        for role in roles:
            self._await(role)

    def _await(self, role: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while processes.port_is_free("127.0.0.1", self.ports[role]):
            if self._running[role].poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{role} does not listen:\n{self.log(role)[-3000:]}")
            time.sleep(0.05)

    def log(self, role: str) -> str:
        return (self._folder / f"{role}.log").read_text()

    def stop(self) -> None:
        """As an engine does: SIGTERM to the first process alone. Each ends by itself, or the test fails."""
        for each in self._running.values():
            each.terminate()
        codes = {role: each.wait(PATIENCE_SECONDS) for role, each in self._running.items()}
        for log in self._logs:
            log.close()
        assert set(codes.values()) <= {0, -15}, codes

    def call(self, method: str, path: str, token: str | None = None, **body: Any) -> Any:
        """A request to the API through the front door; answers the parsed body and fails the test on a refusal."""
        answer = requests.request(
            method,
            f"https://localhost:{self.door.https}/api/v1/{path}",
            json=body or None,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            verify=str(self.door.certificate),
            timeout=20,
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None


@pytest.fixture
def containers(transactional_db: None, tmp_path: Path) -> Iterator[Containers]:
    """All of an exchange, on the test database, in order: tables and markets, programs, front door."""
    connection.close()
    made = Containers(tmp_path)
    with contextlib.ExitStack() as stack:
        made.do("migrate")
        stack.callback(made.stop)
        made.start(*container.CHECKS)
        made.door = stack.enter_context(
            front_door.running(tmp_path, made.ports["web"], made.ports["sockets"])
        )
        yield made


@pytest.fixture
def token(containers: Containers) -> str:
    """Of dora, who has registered, and has been given coins by an operator."""
    containers.call("POST", "auth/register", username="dora", email="dora@example.com", password=PASSWORD)
    operator = User.objects.create(username="operator", is_staff=True)
    account = Account.objects.get(user__username="dora")
    adjust_balance(account, "USDT", Decimal(1000), "cash at the counter", operator)
    connection.close()
    return str(containers.call("POST", "auth/token", username="dora", password=PASSWORD)["access"])
