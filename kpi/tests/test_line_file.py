"""Lines that several processes write to one file of a bounded size, or to a pipe that may be full."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from kpi import line_file
from kpi.line_file import KEPT_FILES, LineFile, Output, lost_lines


def lost():
    return lost_lines._value.get()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "logs" / "requests.log"


@pytest.fixture
def clock(monkeypatch):
    """Seconds; each second a file is looked at."""
    times = [0.0]
    monkeypatch.setattr(line_file, "time", SimpleNamespace(monotonic=lambda: times[0]))
    return times


def test_lines_are_there_at_once_and_nobody_else_may_read_them(path):
    LineFile(path, 100).write(b"one\n")
    assert path.read_bytes() == b"one\n" and path.stat().st_mode & 0o777 == 0o600


def test_a_full_file_moves_on_and_only_so_many_are_kept(path, clock):
    log = LineFile(path, 10)
    for number in range(20):
        log.write(b"%09d\n" % number)
        clock[0] += 1
    names = sorted(each.name for each in path.parent.iterdir() if not each.name.endswith(".lock"))
    assert names == ["requests.log", *(f"requests.log.{number}" for number in range(1, KEPT_FILES + 1))]
    newest = [path, *(path.with_name(f"requests.log.{number}") for number in range(1, KEPT_FILES + 1))]
    assert [int(each.read_text()) for each in newest] == [19, 18, 17, 16, 15]


def test_a_process_follows_when_another_one_moved_the_file(path, clock):
    one, other = LineFile(path, 10), LineFile(path, 10)
    other.write(b"first\n")
    one.write(b"123456789\n")
    clock[0] += 1
    one.write(b"second\n")  # and moves the full one away
    other.write(b"third\n")
    assert path.read_text() == "second\nthird\n"


def test_a_file_that_was_taken_away_is_made_anew(path, clock):
    log = LineFile(path, 1000)
    log.write(b"one\n")
    path.rename(path.with_name("elsewhere"))
    log.write(b"two\n")
    clock[0] += 1
    log.write(b"three\n")
    assert path.read_text() == "three\n" and path.with_name("elsewhere").read_text() == "one\ntwo\n"


MANY_LINES = """
import sys
from pathlib import Path
from kpi import line_file
line_file.LOOK_SECONDS = 0
log = line_file.LineFile(Path(sys.argv[1]), 20_000)
for number in range(300):
    log.write(f"{sys.argv[2]} {number} {'x' * 50}\\n".encode())
"""


def test_four_processes_lose_no_line_and_break_none(path):
    processes = [
        subprocess.Popen([sys.executable, "-c", MANY_LINES, str(path), str(number)]) for number in range(4)
    ]
    assert [process.wait(60) for process in processes] == [0] * 4
    lines = "".join(each.read_text() for each in path.parent.glob("requests.log*")).splitlines()
    assert sorted(lines) == sorted(f"{one} {number} {'x' * 50}" for one in range(4) for number in range(300))
    assert path.with_name("requests.log.1").exists()


def test_a_full_disk_costs_a_line_and_nothing_else(path, monkeypatch):
    log, before = LineFile(path, 100), lost()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(line_file.os, "write", full)
    log.write(b"one\n")
    assert lost() == before + 1


def test_a_pipe_that_nobody_reads_holds_nobody_up():
    reading, writing = os.pipe()
    output, before, line = Output(writing), lost(), b"x" * 999 + b"\n"
    for _ in range(200):  # 200 kB; a pipe holds 64
        output.write(line)
    assert lost() > before
    taken = len(os.read(reading, 1_000_000))
    assert taken % len(line) == 0 and taken // len(line) == 200 - (lost() - before)
    os.close(reading)
    output.write(line)  # nobody will ever read again
    os.close(writing)
