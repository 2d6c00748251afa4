"""What came of the faults: lines for the terminal, and docs/bite.md."""

import os
import platform
from datetime import UTC, datetime
from itertools import groupby
from typing import NamedTuple

from bite.fault import ROOT, Fault
from bite.trial import Outcome, Verdict

LEAST_SHARE = (95, 100)  # of the faults must be caught
MOST_LETTERS = 150  # of what a test said, on the terminal
PAGE = ROOT / "docs" / "bite.md"

INTRODUCTION = """\
# Does the test suite bite?

Tests that pass show little as long as nobody has seen them fail. `make bite` plants the faults below, one at a time,
each in a fresh copy of the checkout, and runs the tests that should notice it, on a real PostgreSQL and a real Redis.
Before that it runs the same tests without any fault: a test that fails already would prove nothing. It ends with an
error if fewer than 95 % are caught. `make bite ARGS=iceberg` tries those with a word in their name, `ARGS=--list`
lists them, `ARGS=--write` writes this page.

The faults are data, in `bite/faults/`: what is changed, what that would cost, which tests should notice. A test of
the normal suite holds that each still fits the code: whoever changes a line that a fault stands on moves the fault.
"""

ROOMS = {
    "commit": "Locks, commits and what is told of them",
    "guards": "What stands between a position and a loss that is not its own",
    "history": "The log and what is read from it",
    "identity": "Who somebody is: signed requests, and guesses",
    "kpis": "What the operator's key figures say",
    "limits": "Who may do what, and how much",
    "matching": "Who trades with whom, and at what price",
    "metrics": "What the operator is told",
    "money": "Fees, holds and balances",
    "operations": "Containers, and who is told when something is wrong",
    "perpetuals": "Sums and races of perpetuals",
    "prices": "What positions are valued at",
    "second_factor": "What a password alone must not do, and signing out",
    "requests": "What a client may ask for, and what is logged of it",
    "stopping": "Stopping markets and programs, and waiting for a database",
    "waiting": "Orders that wait: triggers, pairs, brackets, end dates",
}


class Result(NamedTuple):
    fault: Fault
    verdict: Verdict


def line(result: Result) -> str:
    """For the terminal, as soon as it is known."""
    fault, verdict = result
    head = f"{verdict.outcome:<7} {fault.name} ({verdict.seconds:.0f} s)"
    if verdict.outcome is Outcome.CAUGHT:
        return f"{head}\n          {verdict.test}\n          {verdict.said[:MOST_LETTERS]}".rstrip()
    return f"{head}\n{verdict.said}".rstrip()


def in_words(results: list[Result]) -> str:
    """A table for the terminal."""
    width = max(len(fault.name) for fault, _ in results)
    return "\n".join(
        f"{fault.name:<{width}}  {verdict.outcome:<7} {_short(verdict.test)}".rstrip()
        for fault, verdict in results
    )


def summary(results: list[Result]) -> str:
    return f"caught {_caught(results)} of {len(results)}"


def enough(results: list[Result]) -> bool:
    share, of = LEAST_SHARE
    return _caught(results) * of >= len(results) * share


def write(results: list[Result]) -> None:
    """docs/bite.md, whole."""
    PAGE.write_text(page(results, f"{datetime.now(UTC):%Y-%m-%d}"))


def page(results: list[Result], date: str) -> str:
    minutes = sum(verdict.seconds for _, verdict in results) / 60
    run = (
        f"Last full run: {date}, Python {platform.python_version()}, {os.cpu_count()} cores, {minutes:.0f} minutes: "
        f"**{summary(results)}**."
    )
    parts = [INTRODUCTION, run, *_missed(results)]
    for room, rows in groupby(results, key=lambda result: result.fault.room):
        parts += [
            f"\n## {ROOMS[room]}\n",
            "| planted | it would cost | first test that fails |",
            "| --- | --- | --- |",
        ]
        parts += [_row(result) for result in rows]
    return "\n".join([*parts, ""])


def _missed(results: list[Result]) -> list[str]:
    names = [f"- {fault.name}: {verdict.outcome}" for fault, verdict in results if not _is_caught(verdict)]
    return ["\nNot caught:\n", *names] if names else []


def _row(result: Result) -> str:
    fault, verdict = result
    caught = f"`{_short(verdict.test)}`" if _is_caught(verdict) else f"none: {verdict.outcome}"
    return f"| {fault.name} | {fault.harm} | {caught} |"


def _short(test: str) -> str:
    """Without folders, and without what a parametrised test was given."""
    file, _, name = test.partition("::")
    return f"{file.rpartition('/')[2]}::{name.partition('[')[0]}" if test else ""


def _is_caught(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.CAUGHT


def _caught(results: list[Result]) -> int:
    return sum(_is_caught(verdict) for _, verdict in results)
