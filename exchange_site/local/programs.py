"""The programs that make up the exchange, each with its command line."""

import os
import sys
from pathlib import Path

from exchange_site.local import proxy
from exchange_site.local.data_folder import CHECKOUT, DataFolder

__all__ = ["CHECKOUT", "commands", "manage"]

# Beside the interpreter that runs us, so that an active virtual environment is not needed.
BIN = Path(sys.executable).parent


def manage(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", *arguments]


def commands(folder: DataFolder, environment: dict[str, str], web: int, sockets: int) -> dict[str, list[str]]:
    """Name and command of each; `web` and `sockets` are the local ports behind the proxy."""
    return {
        "web": _web(web, environment.get("WEB_WORKERS") or "1"),
        "sockets": _sockets(sockets),
        "worker": _quiet_as_root()
        + _celery("worker", "--concurrency", "2", "--without-gossip", "--without-mingle"),
        "beat": _celery("beat", "--schedule", str(folder.path / "beat-schedule"), "--pidfile", ""),
        "agents": manage("run_agents"),
        "proxy": proxy.command(folder),
    }


def _web(port: int, workers: str) -> list[str]:
    """HTTP through WSGI; a worker that crashes is started again.

    16 threads, for threads that wait for the same market share one commit. granian warns of so many, hence
    its log level.
    """
    options = "--interface wsgi --http 1 --no-ws --blocking-threads 16 --respawn-failed-workers"
    options += " --workers-kill-timeout 3 --log-level error --no-access-log --host 127.0.0.1"
    name = "exchange_site.wsgi:application"
    return [str(BIN / "granian"), *options.split(), "--port", str(port), "--workers", workers, name]


def _sockets(port: int) -> list[str]:
    """WebSockets through ASGI: uvicorn, which holds the producer back when a client reads slowly.

    Uncompressed: on one machine the processor is scarcer than the network.
    """
    options = "--ws websockets-sansio --ws-max-size 65536 --ws-per-message-deflate false --lifespan off"
    options += " --ws-ping-interval 20 --ws-ping-timeout 20"
    options += " --timeout-graceful-shutdown 2 --no-access-log --log-level warning --no-server-header"
    options += " --host 127.0.0.1"
    return [str(BIN / "uvicorn"), *options.split(), "--port", str(port), "exchange_site.asgi:application"]


def _quiet_as_root() -> list[str]:
    """Celery warns root at length, where a machine of its own (a container) has nobody else."""
    return ["env", "PYTHONWARNINGS=ignore:You're running the worker"] if os.geteuid() == 0 else []


def _celery(role: str, *options: str) -> list[str]:
    return [str(BIN / "celery"), "-q", "-A", "exchange_site", role, "--loglevel", "warning", *options]
