"""Ways to meddle with a batch at a named step, for tests of what goes wrong between two steps."""

from contextlib import contextmanager
from threading import Thread

from django.db import connection

from trading.matching_service.batch import Batch


@contextmanager
def before(step, meddle, times=1, after=0):
    """Calls meddle(batch) before `step` of the next `times` batches, the first `after` of them left alone."""
    original, turns = getattr(Batch, step), iter([False] * after + [True] * times)

    def meddled(batch, *arguments):
        if next(turns, False):
            meddle(batch)
        return original(batch, *arguments)

    setattr(Batch, step, meddled)
    try:
        yield
    finally:
        setattr(Batch, step, original)


def elsewhere(work):
    """Do it on another thread with its own database connection, and wait for the end of it."""
    results = []

    def run():
        try:
            results.append(work())
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()
    assert results, "the work elsewhere failed"
    return results[0]


def kill_its_connection(batch):
    """As a failing server would: the batch's connection is cut."""
    pid = batch.connection.info.backend_pid
    elsewhere(lambda: _terminate(pid))


def _terminate(pid):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        assert cursor.fetchone() == (True,)
    return True
