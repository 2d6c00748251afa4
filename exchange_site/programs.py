"""The programs that make up the exchange, each with its command line: `make demo` and the containers run the same."""

import os
import sys
from pathlib import Path

# Beside the interpreter that runs us, so that an active virtual environment is not needed.
BIN = Path(sys.executable).parent


def manage(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", *arguments]


def web(host: str, port: int, workers: str) -> list[str]:
    """HTTP through WSGI; a worker that crashes is started again.

    One that is told to stop answers what it has in hand, for at most 7 s: a request that waits for a lock gives up
    after 5. 16 threads, for threads that wait for the same market share one commit. granian warns of so many, hence
    its log level.
    """
    options = "--interface wsgi --http 1 --no-ws --blocking-threads 16 --respawn-failed-workers"
    options += " --workers-kill-timeout 7 --log-level error --no-access-log"
    where = ["--host", host, "--port", str(port), "--workers", workers]
    return [str(BIN / "granian"), *options.split(), *where, "exchange_site.wsgi:application"]


def sockets(host: str, port: int) -> list[str]:
    """WebSockets through ASGI."""
    where = ["--host", host, "--port", str(port)]
    return [sys.executable, "-m", "exchange_site.socket_server", *where, "--ping-seconds", "20"]


def worker(concurrency: str) -> list[str]:
    return _quiet_as_root() + _celery(
        "worker", "--concurrency", concurrency, "--without-gossip", "--without-mingle"
    )


def beat(schedule: Path) -> list[str]:
    """`schedule` is the file in which it keeps when what ran last."""
    return _celery("beat", "--schedule", str(schedule), "--pidfile", "")


def _celery(role: str, *options: str) -> list[str]:
    return [str(BIN / "celery"), "-q", "-A", "exchange_site", role, "--loglevel", "warning", *options]


def _quiet_as_root() -> list[str]:
    """Celery warns root at length, where a machine of its own (a container) has nobody else."""
    return ["env", "PYTHONWARNINGS=ignore:You're running the worker"] if os.geteuid() == 0 else []
