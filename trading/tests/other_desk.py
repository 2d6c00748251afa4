"""Other processes that trade on the tests' database, and a look at what the database makes them wait for."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60  # before a test that waits for another process gives up


class OtherDesk:
    """One process of trading/tests/worker.py. `asks` waits for the answer; `starts` does not, `ends` fetches it."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trading.tests.worker"],
            cwd=PROJECT, env=os.environ | {"DATABASE_URL": database_url()},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._backend_pid = None

    @property
    def backend_pid(self):
        """Of its database connection; waits until the process is ready."""
        if self._backend_pid is None:
            self._backend_pid = self.next_line()["ready"]
        return self._backend_pid

    def starts(self, do, **arguments):
        assert self.backend_pid
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()

    def ends(self):
        """The answer, or the name of the refusal."""
        answer = self.next_line()
        assert "error" not in answer, answer["error"]
        return answer["refused"] if "refused" in answer else answer["done"]

    def asks(self, do, **arguments):
        self.starts(do, **arguments)
        return self.ends()

    def next_line(self):
        line = self.process.stdout.readline()
        assert line, "the other desk has died"
        return json.loads(line)

    def lines_until_death(self):
        """What it still wrote; a line cut off by its death was no acknowledgement."""
        lines = self.process.stdout.read().split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def dies(self):
        self.process.kill()
        self.process.wait()


def go_home(desks):
    """End these processes; all are told before the first one is waited for."""
    for desk in desks:
        desk.process.stdin.close()
    for desk in desks:
        try:
            desk.process.wait(10)
        except subprocess.TimeoutExpired:
            desk.dies()
        desk.process.stdout.close()


def database_url():
    """Of the tests' own database, for another process."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    before_name = parts.path.rpartition("/")[0]
    return parts._replace(path=f"{before_name}/{connection.settings_dict['NAME']}").geturl()


def wait_until(what):
    """Until `what()` is true; not a matter of time but of patience."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def is_waiting_for_a_lock(backend_pid):
    with connection.cursor() as cursor:
        cursor.execute("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s", [backend_pid])
        return cursor.fetchone() == (True,)
