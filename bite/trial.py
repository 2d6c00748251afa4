"""Tests run in a copy of the checkout, and what they said."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from xml.etree import ElementTree

from bite.fault import Fault, copy_checkout, plant

MOST_SECONDS = 300  # of the tests of one fault
LAST_LINES = 30  # shown of a run that could not be made sense of
TESTS_FAILED = 1  # pytest's exit code
# Of a test that never began: its database could not be made or reached. That is no fault of what was planted.
NOT_BEGUN = ('failed on setup with "SystemExit', 'failed on setup with "django.db.utils.OperationalError')


class Outcome(StrEnum):
    CAUGHT = "caught"
    MISSED = "missed"
    BROKEN = "broken"  # the tests could not run, or came to no end: nothing is shown


class Verdict(NamedTuple):
    """test: the first one that failed. said: why it failed, or why nothing is known."""

    outcome: Outcome
    seconds: float
    test: str = ""
    said: str = ""


def try_out(fault: Fault) -> Verdict:
    """Plant it in a fresh copy, and run its tests there."""
    with _fresh_copy() as tree:
        plant(fault, tree)
        return run_tests(tree, fault.tests)


def try_without(faults: Iterable[Fault]) -> Verdict:
    """Their tests without any fault: one that fails already would prove nothing."""
    with _fresh_copy() as tree:
        tests = dict.fromkeys(test for fault in faults for test in fault.tests)
        return run_tests(tree, tests, most_seconds=4 * MOST_SECONDS)


@contextlib.contextmanager
def _fresh_copy() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bourse-bite-") as folder:
        tree = Path(folder) / "bourse"
        copy_checkout(tree)
        yield tree


def run_tests(tree: Path, tests: Iterable[str], most_seconds: int = MOST_SECONDS) -> Verdict:
    """Up to the first failure, in a database that these tests make for themselves."""
    report, output = tree.with_name("report.xml"), tree.with_name("output.txt")
    command = [sys.executable, "-m", "pytest", "-x", "--durations=1", f"--junitxml={report}", *tests]
    started = time.monotonic()
    code = exit_code(command, tree, output, most_seconds)
    seconds = time.monotonic() - started
    if code == 0:
        return Verdict(Outcome.MISSED, seconds)
    test, said = _first_failure(report) if code == TESTS_FAILED else ("", "")
    if test and not said.startswith(NOT_BEGUN):
        return Verdict(Outcome.CAUGHT, seconds, test, said)
    why = said or (f"no end within {most_seconds} s" if code is None else f"pytest ended with {code}")
    last = output.read_text(errors="replace").splitlines()[-LAST_LINES:]
    return Verdict(Outcome.BROKEN, seconds, said="\n".join([why, *last]))


def exit_code(command: list[str], tree: Path, output: Path, most_seconds: int) -> int | None:
    """None if it came to no end. Nothing that it started outlives it."""
    with output.open("w") as file:
        process = subprocess.Popen(
            command, cwd=tree, env=_environment(), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            return process.wait(most_seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _environment() -> dict[str, str]:
    """Tests beside these, on the same server, have a database of another name."""
    ours = {"PYTHONDONTWRITEBYTECODE": "1"}
    if url := os.environ.get("DATABASE_URL"):
        parts = urlsplit(url)
        ours["DATABASE_URL"] = parts._replace(path=f"{parts.path}_bite").geturl()
    return os.environ | ours


def _first_failure(report: Path) -> tuple[str, str]:
    """Its name, as file::test, and the first line of what it said."""
    for case in ElementTree.parse(report).iter("testcase"):
        for kind in ("failure", "error"):
            found = case.find(kind)
            if found is not None:
                file = case.get("classname", "").replace(".", "/") + ".py"
                message = found.get("message", "").strip()
                return f"{file}::{case.get('name')}", message.partition("\n")[0]
    return "", ""
