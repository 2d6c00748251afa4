"""From a process into the slices: everything once, whatever the database does meanwhile."""

import os

import psycopg
import pytest
from django.db import OperationalError, connection

from kpi import flusher as module
from kpi.flusher import Flusher
from kpi.models import Slice, Source
from kpi.tests.counting import Process

pytestmark = pytest.mark.django_db(transaction=True)


def requests_in_slices():
    return sum(row[4] for slice in Slice.objects.all() for row in slice.content["requests"])


def test_what_was_counted_arrives_in_one_slice():
    process = Process().answers(3).answers(2, status=404, code="NOT_FOUND")
    assert process.flushes()
    assert (Slice.objects.count(), requests_in_slices()) == (1, 5)


def test_nothing_counted_is_nothing_written():
    assert Process().flushes()
    assert not Slice.objects.exists() and not Source.objects.exists()


def test_while_the_database_is_away_nothing_is_lost(monkeypatch):
    process = Process().answers(3)
    with monkeypatch.context() as away:
        away.setattr(connection, "cursor", _lost)
        assert not process.flushes()
        process.answers(2)
        assert not process.flushes()
    assert process.flushes()
    assert requests_in_slices() == 5


def test_a_commit_that_was_lost_sight_of_counts_once(monkeypatch):
    """The server committed, and the connection broke before it could say so."""
    process = Process().answers(3)
    with monkeypatch.context() as breaking:
        breaking.setattr(module, "write_slices", _written_and_lost)
        assert not process.flushes()
    process.answers(1)
    assert process.flushes()
    assert requests_in_slices() == 4


def test_two_processes_add_up():
    one, other = Process().answers(3), Process().answers(4)
    assert one.flushes() and other.flushes() and requests_in_slices() == 7


def test_the_thread_flushes_until_the_end_and_then_once_more():
    process = Process()
    process.flusher._seconds = 3600
    process.flusher.start()
    process.answers(2)
    process.flusher.finish()
    assert requests_in_slices() == 2


def test_a_process_that_does_not_serve_has_no_thread():
    process = Process().answers(2)
    process.flusher.keep_running()
    assert process.flusher._pid == 0


def test_a_forked_child_flushes_its_own_at_its_end():
    """Through os._exit and a Finalize, as children of multiprocessing end."""
    process = Process().answers(2)
    process.flusher._seconds = 3600
    process.flusher.start()
    connection.close()
    if os.fork() == 0:
        process.answers(5)
        process.flusher.keep_running()
        module.util._exit_function()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
    assert requests_in_slices() == 5
    process.flusher.finish()
    assert requests_in_slices() == 7


def test_a_fault_of_ours_does_not_end_the_thread(monkeypatch, caplog):
    flusher = Flusher(Process().tallies, seconds=0)
    flushes = iter([ValueError("a fault"), None])

    def flush():
        fault = next(flushes)
        if fault is None:
            flusher._ended.set()
            return True
        raise fault

    monkeypatch.setattr(flusher, "flush", flush)
    flusher._run()
    assert "a fault" in caplog.text


def _lost(*args, **kwargs):
    raise OperationalError("server closed the connection unexpectedly")


_write = module.write_slices


def _written_and_lost(*args):
    _write(*args)
    raise OperationalError(str(psycopg.OperationalError("connection lost")))
