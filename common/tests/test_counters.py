"""What several processes count, put together."""

import os
import subprocess
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from common import counters

# A process of ours: counts, says that it has, and lives until it is told to end.
PROCESS = """
import sys
from prometheus_client import Counter, Gauge, Histogram
Counter("tests_done_total", "Done.", ["kind"]).labels("work").inc(int(sys.argv[1]))
Histogram("tests_seconds", "Taken.", buckets=(1, 5)).observe(int(sys.argv[1]))
Gauge("tests_open", "Open.", multiprocess_mode="livesum").inc(int(sys.argv[1]))
print("counted", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(counters.FOLDER, str(tmp_path))
    return tmp_path


@pytest.fixture
def process(folder):
    started = []

    def start(number):
        command = [sys.executable, "-c", PROCESS, str(number)]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(child)
        assert child.stdout.readline() == "counted\n"
        return child

    yield start
    for child in started:
        child.stdin.close()
        child.stdout.close()
        child.wait(30)


def told():
    families = text_string_to_metric_families(counters.counted().decode())
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_what_two_processes_counted_is_added_up(process):
    process(2), process(3)
    assert told() == {
        ("tests_done_total", "work"): 5,
        ("tests_seconds_bucket", "1.0"): 0,
        ("tests_seconds_bucket", "5.0"): 2,
        ("tests_seconds_bucket", "+Inf"): 2,
        ("tests_seconds_count",): 2,
        ("tests_seconds_sum",): 5,
        ("tests_open",): 5,
    }


def test_of_a_process_that_was_killed_remains_what_it_counted_and_not_what_it_had_open(process):
    process(2)
    killed = process(3)
    killed.kill()
    killed.wait(30)
    found = told()
    assert (found["tests_done_total", "work"], found["tests_open",]) == (5, 2)


def test_a_file_that_is_being_made_is_left_out(process, folder):
    """It is opened first, and filled then: between the two there is nothing in it."""
    process(2)
    (folder / "counter_1.db").touch()
    (folder / "histogram_1.db").write_bytes(bytes(1 << 16))
    assert told()["tests_done_total", "work"] == 2


def test_a_file_of_a_strange_name_is_left_alone(folder):
    strange = folder / "gauge_livesum_x.db"
    strange.touch()
    counters.forget_the_dead(folder)
    assert strange.exists()


def test_our_own_file_is_that_of_a_living_process(folder):
    own = folder / f"gauge_livesum_{os.getpid()}.db"
    own.touch()
    counters.forget_the_dead(folder)
    assert own.exists()
