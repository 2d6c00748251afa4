"""An exchange with a PostgreSQL and a Redis of its own, so that they can be killed."""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from exchange_site.local import console, postgres, processes, programs, redis_server
from exchange_site.local.data_folder import DataFolder
from exchange_site.tests.exchange import LiveExchange

SECRET_KEY = "for-tests-only-" + "x" * 40
HOMES = {"postgres": "postgres", "redis-server": "redis"}  # program: its folder in the data folder


class OwnServers:
    def __init__(self, path: Path) -> None:
        self.folder = DataFolder(path)
        self.exchange: LiveExchange
        self.environment: dict[str, str] = {}
        self._redis = contextlib.ExitStack()
        self._database = contextlib.ExitStack()
        self._is_seeded = False

    def start(self, *names: str) -> LiveExchange:
        """Both servers and these programs; after `kill_everything` on new ports, over the same data."""
        self.start_database()
        redis_url = self._redis.enter_context(redis_server.running(self.folder, console.stdout))
        self.environment = os.environ | {
            "DATABASE_URL": postgres.url(self.folder.socket_folder()),
            "REDIS_URL": redis_url,
            "SECRET_KEY": SECRET_KEY,
            "BOURSE_DEMO": "1",
            "BOURSE_DATA_DIR": str(self.folder.path),
            "PRICE_FEED": "simulation",
            "RATE_LIMIT": "off",
            "TRUST_PROXY": "1",
        }
        if not self._is_seeded:
            self.manage("migrate", "--verbosity", "0")
            self.manage("seed", "--verbosity", "0")
            self._is_seeded = True
        exchange = LiveExchange(self.folder, self.environment)
        exchange.start(*names)
        self.exchange, self._names = exchange, names
        return exchange

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
        """The first process of that server: the others are its children."""
        family = self.family(program)
        return next(each for each in family if each.ppid() not in {other.pid for other in family})

    def family(self, program: str) -> list[psutil.Process]:
        return processes.at_home_in(self.folder.path / HOMES[program], program)

    def start_database(self) -> None:
        """Recovers first if it was killed. Its address stays the same."""
        self._database.enter_context(postgres.running(self.folder, console.stdout))

    def kill_database(self, signal_number: int = signal.SIGQUIT) -> None:
        """SIGQUIT is what `pg_ctl stop -m immediate` sends: no session is ended, no log is closed."""
        self.server("postgres").send_signal(signal_number)
        self._reap(self._database)

    def kill_everything(self) -> None:
        """As a power cut does."""
        for program in HOMES:
            self.server(program).send_signal(signal.SIGKILL)
        self.exchange.kill(*self._names)
        for stack in (self._redis, self._database):
            self._reap(stack)

    @staticmethod
    def _reap(stack: contextlib.ExitStack) -> None:
        """The server is our child: unreaped it would look alive to the next one."""
        stack.close()

    def stop(self) -> None:
        if hasattr(self, "exchange"):
            self.exchange.stop_all()
        self._redis.close()
        self._database.close()


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
