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
from typing import Any, NamedTuple

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


class Job(NamedTuple):
    """So many batches for a trader to send to each of these markets."""

    trader: Trader
    symbols: Sequence[str]
    batches: int


def trade_at_once(batch_size: int, *jobs: Job) -> tuple[int, float]:
    """All jobs begin together; how many orders they sent, and the seconds until the last was done."""
    for job in jobs:
        job.trader.do("prepare", job.symbols, job.batches, batch_size)
    begun = perf_counter()
    for job in jobs:
        job.trader.start("trade")
    orders = sum(job.trader.result() for job in jobs)
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
