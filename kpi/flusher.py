"""Brings what a process has counted into the database: one thread, one short statement every two seconds.

While the database is away the counts stay in memory and are sent later. A batch whose commit was lost sight of is
sent again under the same number, so it arrives once. When the process ends, what is left is sent.
"""

import atexit
import logging
import os
import threading
from collections.abc import Mapping
from multiprocessing import util
from typing import NamedTuple
from uuid import UUID, uuid4

from django.db import Error as DatabaseError
from django.db import connection

from common.api.answered import Answered
from kpi.services.write_slices import write_slices
from kpi.tallies import MinuteTally, Tallies
from kpi.watched_counters import WATCHED

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 2.0

tallies = Tallies(WATCHED)


class _Batch(NamedTuple):
    number: int
    minutes: Mapping[int, MinuteTally]


class Flusher:
    """A process that serves starts it; a child that is forked from one has its own thread at its first answer."""

    def __init__(self, tallies: Tallies, seconds: float = FLUSH_SECONDS) -> None:
        self._tallies = tallies
        self._seconds = seconds
        self._is_wanted = False
        self._pid = 0
        self._begin()

    def start(self) -> None:
        """Flush from here on until the process ends, and once more then."""
        self._is_wanted = True
        self.keep_running()

    def keep_running(self) -> None:
        """Cheap; for each answer, since no thread lives on in a forked child."""
        if self._is_wanted and self._pid != os.getpid():
            self._pid = os.getpid()
            self._begin()
            threading.Thread(target=self._run, name="kpi-flusher", daemon=True).start()
            atexit.register(self.finish)
            # Children of multiprocessing end without atexit.
            util.Finalize(self, self.finish, exitpriority=10)

    def flush(self) -> bool:
        """Send what there is; True if nothing is left to be sent."""
        with self._mutex:
            try:
                self._send()
            except DatabaseError as error:
                logger.warning("what was counted waits for the database: %s", error)
                connection.close()
                return False
            return True

    def finish(self) -> None:
        """The last flush of a process."""
        self._ended.set()
        if self._pid == os.getpid():
            self.flush()
            connection.close()

    def _begin(self) -> None:
        self._process: UUID = uuid4()
        self._mutex = threading.Lock()
        self._ended = threading.Event()
        self._number = 0
        self._unsent: _Batch | None = None

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            try:
                self.flush()
            except Exception:  # the thread must live on: without it nothing is counted any more
                logger.exception("what was counted was not sent")

    def _send(self) -> None:
        while self._unsent or self._take():
            assert self._unsent is not None
            write_slices(self._process, self._unsent.number, self._unsent.minutes)
            self._unsent = None

    def _take(self) -> bool:
        """A new batch, if there is something for one."""
        minutes = self._tallies.take()
        if minutes:
            self._number += 1
            self._unsent = _Batch(self._number, minutes)
        return bool(minutes)


flusher = Flusher(tallies)


def count(answered: Answered) -> None:
    """Some microseconds; what is counted reaches the database if this process has started the flusher."""
    tallies.count(answered)
    flusher.keep_running()
