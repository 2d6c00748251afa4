"""Finding, stopping and placing the processes of this machine."""

import errno
import os
import random
import signal
import socket
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

# Below the range from which systems take the local ports of outgoing connections (32768 or 49152 and up),
# so that a port found free is still free when the server behind it comes up.
PORT_RANGE = range(20_000, 32_000)


def is_alive(process: psutil.Process) -> bool:
    """False too for a dead process that nobody has reaped: it holds nothing any more."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_zombie(pid: int) -> bool:
    """Whether the process is dead and its parent has not asked how it ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_gone(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until all are gone, at most `seconds`; return those that are still there."""
    deadline = time.monotonic() + seconds
    alive = [process for process in processes if is_alive(process)]
    while alive and time.monotonic() < deadline:
        time.sleep(0.05)
        alive = [process for process in alive if is_alive(process)]
    return alive


def send(process: psutil.Process, signal_number: int) -> None:
    try:
        process.send_signal(signal_number)
    except psutil.NoSuchProcess:
        pass


def stop_all(processes: list[psutil.Process], patience_seconds: float) -> None:
    """SIGTERM to each, SIGKILL to what is left after `patience_seconds`."""
    for process in processes:
        send(process, signal.SIGTERM)
    for process in wait_gone(processes, patience_seconds):
        send(process, signal.SIGKILL)
    wait_gone(processes, 5)


def at_home_in(folder: Path, program: str) -> list[psutil.Process]:
    """Living processes of that program whose working folder is `folder`.

    PostgreSQL and Redis both change into their data folder, so this finds the servers that a killed
    supervisor left behind, whatever their pid files say.
    """
    home = str(folder.resolve())
    return [process for process in psutil.process_iter() if _is_at_home(process, home, program)]


def _is_at_home(process: psutil.Process, home: str, program: str) -> bool:
    try:
        return process.name() == program and is_alive(process) and process.cwd() == home
    except psutil.Error:
        return False  # gone meanwhile, or another user's


def in_session(session: int, begun_before: float) -> list[psutil.Process]:
    """Living processes of a session that began before that time (seconds since the epoch).

    A later process with the number of the session's leader is a stranger that got the number again; while
    any member of the old session lives, the system does not give the number away.
    """
    if _is_stranger(session, begun_before):
        return []
    members = [process for process in psutil.process_iter() if _session_of(process.pid) == session]
    return [process for process in members if is_alive(process)]


def _is_stranger(pid: int, begun_before: float) -> bool:
    try:
        return psutil.Process(pid).create_time() > begun_before + 1
    except psutil.NoSuchProcess:
        return False


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now. Raises OSError for an address that is not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
        return True


def free_port(host: str = "127.0.0.1") -> int:
    """A port on which nothing listens."""
    for port in random.sample(PORT_RANGE, 200):
        if port_is_free(host, port):
            return port
    raise OSError("no free port found")
