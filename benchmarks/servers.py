"""The server programs of `make demo`, without its agents and its worker: the web server behind the proxy."""

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from exchange_site.local import processes, programs, proxy
from exchange_site.local.data_folder import DataFolder

PROGRAMS = ("web", "proxy")
PATIENCE_SECONDS = 30


@contextlib.contextmanager
def running(settings: str) -> Iterator[int]:
    """As long as the block runs; gives the port of the front door."""
    with tempfile.TemporaryDirectory() as home:
        folder = DataFolder(Path(home))
        folder.folder("static")  # whose absence would be told in a warning
        port, web, sockets = (processes.free_port() for _ in range(3))
        metrics = str(folder.folder("prometheus"))
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": settings, "BOURSE_DATA_DIR": home, "TRUST_PROXY": "1",
            "PROMETHEUS_MULTIPROC_DIR": metrics,
        }  # fmt: skip
        proxy.configure(folder, "127.0.0.1", port, web, sockets)
        commands = programs.commands(folder, environment, web, sockets)
        started = [
            subprocess.Popen(commands[name], env=environment, cwd=programs.CHECKOUT) for name in PROGRAMS
        ]
        try:
            _await_ports(web, port)
            yield port
        finally:
            _stop(started)


def _await_ports(*ports: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(processes.port_is_free("127.0.0.1", port) for port in ports):
        assert time.monotonic() < deadline, "the servers do not listen"
        time.sleep(0.05)


def _stop(started: "list[subprocess.Popen[bytes]]") -> None:
    """They and their children; the web server's workers are processes of their own."""
    parents = [psutil.Process(each.pid) for each in started if each.poll() is None]
    children = [child for each in parents for child in each.children(recursive=True)]
    processes.stop_all(parents, patience_seconds=5)
    processes.stop_all(children, patience_seconds=1)
    for each in started:
        each.wait()
