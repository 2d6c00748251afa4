"""Where lines of a log go: a file that several processes write and that has a bounded size, or standard output.

A line is written at once and in one piece, so nothing is lost when a process is killed. Nobody ever waits: a line that
a full pipe would hold up, or that a full disk refuses, is dropped and counted.
"""

import fcntl
import os
import select
import stat
import threading
import time
from pathlib import Path
from typing import Protocol

from prometheus_client import Counter

STANDARD_OUTPUT = 1
LOOK_SECONDS = 1.0
KEPT_FILES = 4  # besides the one that is written

lost_lines = Counter(
    "bourse_request_log_lost_lines_total", "Lines of the request log that could not be written."
)


class Lines(Protocol):
    def write(self, line: bytes) -> None:
        """line: ends with a newline, shorter than a pipe takes in one piece (4096 bytes)."""


class Output:
    """A file descriptor of our process, such as its standard output."""

    def __init__(self, descriptor: int = STANDARD_OUTPUT) -> None:
        self._descriptor = descriptor
        self._may_block = not stat.S_ISREG(os.fstat(descriptor).st_mode)

    def write(self, line: bytes) -> None:
        try:
            if self._may_block and not self._takes_a_line():
                raise BlockingIOError
            os.write(self._descriptor, line)
        except OSError:
            lost_lines.inc()

    def _takes_a_line(self) -> bool:
        """Whether whoever reads is not behind; of a pipe it says that a whole line fits."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return any(event & select.POLLOUT for _, event in poll.poll(0))


class LineFile:
    """A file of about most_bytes at most; when it is full it becomes name.1, and name.1 becomes name.2.

    Which process does that is decided by a lock; the others notice within a second, as they do when somebody else
    (logrotate) moves the file away.
    """

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._turn = threading.Lock()
        self._look_at = 0.0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = _open(path)

    def write(self, line: bytes) -> None:
        try:
            if time.monotonic() >= self._look_at:
                self._look()
            os.write(self._descriptor, line)
        except OSError:
            lost_lines.inc()

    def _look(self) -> None:
        if not self._turn.acquire(blocking=False):
            return  # another thread is looking
        try:
            self._look_at = time.monotonic() + LOOK_SECONDS
            if os.fstat(self._descriptor).st_size >= self._most_bytes:
                self._move_away()
            if not self._is_ours():
                self._follow()
        finally:
            self._turn.release()

    def _is_ours(self) -> bool:
        """Whether what we write into is what the path names."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def _follow(self) -> None:
        """Under the same number, so that a thread which is writing writes into one or the other."""
        new = _open(self._path)
        os.dup2(new, self._descriptor, inheritable=False)
        os.close(new)

    def _move_away(self) -> None:
        with open(f"{self._path}.lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # another process does it
            if self._is_ours():
                for number in range(KEPT_FILES, 0, -1):
                    older = f"{self._path}.{number - 1}" if number > 1 else str(self._path)
                    if os.path.exists(older):
                        os.replace(older, f"{self._path}.{number}")


def _open(path: Path) -> int:
    # What is in it is about people: nobody else's to read.
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
