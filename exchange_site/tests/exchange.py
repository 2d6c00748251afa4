"""A whole exchange on one port of this machine, run with the commands of `make demo`."""

import signal
import subprocess
import time
from typing import Any

import psutil
import pytest
import requests

from exchange_site.local import processes, programs, proxy
from exchange_site.local.data_folder import DataFolder
from exchange_site.local.supervisor import GENTLE

PASSWORD = "demo-pass-1"
PATIENCE_SECONDS = 30


class LiveExchange:
    """The processes of one exchange, and its API for the test's own use."""

    def __init__(self, folder: DataFolder, environment: dict[str, str]) -> None:
        self._folder = folder
        self.environment = environment
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.exit_codes: dict[str, int] = {}  # of those that were asked to end
        port, web, sockets = (processes.free_port() for _ in range(3))
        self.url = f"http://127.0.0.1:{port}"
        self._ports = {"web": web, "sockets": sockets, "proxy": port}
        proxy.configure(folder, "127.0.0.1", port, web, sockets)
        self._commands = programs.commands(folder, self.environment, web, sockets)

    def port(self, name: str) -> int:
        """Where web, sockets or the proxy listens."""
        return self._ports[name]

    def start(self, *names: str) -> None:
        """Start these programs, and wait until those that have a port listen."""
        for name in names:
            self._processes[name] = self._launch(name)
        for name in names:
            if name in self._ports:
                self._await_port(name)

    def stop(self, *names: str) -> None:
        """Stop these programs and their children."""
        stopping = [
            psutil.Process(self._processes.pop(name).pid) for name in names if name in self._processes
        ]
        children = [child for each in stopping for child in each.children(recursive=True)]
        processes.stop_all(stopping, patience_seconds=5)
        processes.stop_all(children, patience_seconds=1)

    def stop_all(self) -> None:
        self.stop(*list(self._processes))

    def end(self, name: str) -> float:
        """Ask the program itself to end, as a deploy does; how many seconds it and all its children took."""
        started = self._processes.pop(name)
        family = psutil.Process(started.pid).children(recursive=True)
        begun = time.monotonic()
        started.send_signal(GENTLE.get(name, signal.SIGTERM))
        started.wait(PATIENCE_SECONDS)
        assert psutil.wait_procs(family, PATIENCE_SECONDS)[1] == []
        self.exit_codes[name] = started.returncode
        return time.monotonic() - begun

    def kill(self, *names: str) -> None:
        """SIGKILL these programs and their children, as a machine that loses power would."""
        for name in names:
            started = self._processes.pop(name)
            family = psutil.Process(started.pid).children(recursive=True)
            for process in [started, *family]:
                process.kill()
            started.wait(PATIENCE_SECONDS)
            psutil.wait_procs(family, PATIENCE_SECONDS)

    def call(self, method: str, path: str, user: str | None = None, **body: Any) -> Any:
        """A request to the API as that user; answers the parsed body and fails the test on a refusal."""
        headers = {"Authorization": f"Bearer {self.token(user)}"} if user else {}
        answer = requests.request(
            method, f"{self.url}/api/v1/{path}", json=body or None, headers=headers, timeout=10
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def token(self, user: str) -> str:
        return str(self.call("POST", "auth/token", username=user, password=PASSWORD)["access"])

    def _launch(self, name: str) -> subprocess.Popen[bytes]:
        with self._folder.log(name) as log:
            return subprocess.Popen(
                self._commands[name],
                cwd=programs.CHECKOUT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _await_port(self, name: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while processes.port_is_free("127.0.0.1", self._ports[name]):
            ended = self._processes[name].poll()
            if ended is not None or time.monotonic() > deadline:
                log = (self._folder.path / "logs" / f"{name}.log").read_text()[-3000:]
                pytest.fail(f"{name} does not listen (exit code {ended}):\n{log}")
            time.sleep(0.05)
