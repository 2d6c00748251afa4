"""A process of its own that trades when it is told to: `python -m benchmarks.trader`, started by `Trader`.

It reads one JSON list a line from its standard input (what to do, and with what) and writes one JSON answer a line.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from time import perf_counter
from typing import Any

import django


class Trader:
    """The other process, seen from here."""

    def __init__(self, database_url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.trader"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"DATABASE_URL": database_url},
        )  # fmt: skip

    def start(self, task: str, *arguments: Any) -> None:
        """Begin a task of trader_tasks.py and do not wait for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([task, *arguments]) + "\n")
        self._process.stdin.flush()

    def result(self) -> Any:
        """What the task that was started gives, once it is done."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the trader's process ended, see its message above"
        return json.loads(line)

    def do(self, task: str, *arguments: Any) -> Any:
        self.start(task, *arguments)
        return self.result()

    def end(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(60)


def trade_at_once(
    traders: Sequence[Trader], symbols: Sequence[str], batches: int, batch_size: int
) -> tuple[int, float]:
    """Each trader sends so many batches to each market; all orders, and the seconds until the last is done."""
    for trader in traders:
        trader.do("prepare", symbols, batches, batch_size)
    begun = perf_counter()
    for trader in traders:
        trader.start("trade")
    orders = sum(trader.result() for trader in traders)
    return orders, perf_counter() - begun


@contextlib.contextmanager
def traders(*database_urls: str) -> Iterator[list[Trader]]:
    """A trader for each of these databases."""
    hired = [Trader(url) for url in database_urls]
    try:
        yield hired
    finally:
        for trader in hired:
            trader.end()


def main() -> None:
    django.setup()
    tasks = import_module("benchmarks.trader_tasks").TASKS  # needs Django set up
    for line in sys.stdin:
        task, *arguments = json.loads(line)
        print(json.dumps(tasks[task](*arguments)), flush=True)


if __name__ == "__main__":
    main()
