"""What the person at the terminal reads: steps with their times, and reasons for stopping."""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TextIO


class LocalError(Exception):
    """Starting or stopping cannot go on; the text is for the person at the terminal."""


class Terminal:
    """Standard output that outlives its reader.

    `make demo | head` or a closed terminal must not stop the supervisor halfway through stopping the
    servers, so a line that nobody can read any more is dropped.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        with contextlib.suppress(OSError, ValueError):
            return self._stream.isatty()
        return False


# run.py keeps its own lines off standard output, which belongs to the command it runs.
stdout = Terminal(sys.stdout)
stderr = Terminal(sys.stderr)


def say(text: str, stream: Terminal = stdout) -> None:
    """One line, at once."""
    stream.write(text + "\n")
    stream.flush()


@contextlib.contextmanager
def step(title: str, stream: Terminal = stdout) -> Iterator[None]:
    """`  Starting PostgreSQL ... 0.4 s`: the title when it begins, the seconds when it is done."""
    stream.write(f"  {title} ... ")
    stream.flush()
    started = time.monotonic()
    try:
        yield
    except BaseException:
        say("not done", stream)
        raise
    say(f"{time.monotonic() - started:.1f} s", stream)
