"""A Celery worker that is told to stop ends the tasks in its hands, for at most so long; then it gives them back.

Each is acknowledged late and safe to run twice, so another worker, or the next one, takes it.
"""

import contextlib
import os
import signal
import threading
import time
from typing import Any

import psutil
from celery.signals import worker_shutting_down

STOP_SECONDS = 6.0
LAST_SECONDS = 1.0


def connect() -> None:
    worker_shutting_down.connect(_end_in_time, dispatch_uid="bounded end")


def _end_in_time(how: str = "", **named: Any) -> None:
    if how == "Warm":
        threading.Thread(target=_end_what_is_left, name="bounded end", daemon=True).start()


def _end_what_is_left() -> None:
    """The cold end first, in which Celery gives back; then its processes, which do not hear while they wait for
    the database."""
    time.sleep(STOP_SECONDS)
    os.kill(os.getpid(), signal.SIGQUIT)
    time.sleep(LAST_SECONDS)
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
