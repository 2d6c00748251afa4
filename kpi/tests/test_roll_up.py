"""Slices become minutes and hours, each exactly once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from prometheus_client import CollectorRegistry, Counter

from common import clock
from kpi import tallies as module
from kpi.models import HOUR, MINUTE, CounterStat, LatencyStat, RequestStat, RollUp, Slice
from kpi.services import forget_old_stats, roll_up_slices
from kpi.tests.counting import Process, counted

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def total(step):
    return sum(RequestStat.objects.filter(step_seconds=step).values_list("requests", flat=True))


def at(monkeypatch, moment):
    monkeypatch.setattr(module.time, "time", moment.timestamp)


def test_many_slices_become_one_row_of_a_minute_and_one_of_an_hour(monkeypatch):
    at(monkeypatch, NOON + timedelta(minutes=7, seconds=30))
    one, other = Process(), Process()
    for _ in range(3):
        one.answers(2, seconds=0.004)
        other.answers(1, seconds=0.002)
        counted(one, other)
    minute = RequestStat.objects.get(step_seconds=MINUTE)
    hour = RequestStat.objects.get(step_seconds=HOUR)
    assert (minute.start, hour.start) == (NOON + timedelta(minutes=7), NOON)
    for row in (minute, hour):
        assert (row.requests, row.total_us, row.slowest_us) == (9, 30_000, 4_000)
    assert sum(LatencyStat.objects.filter(step_seconds=HOUR).values_list("requests", flat=True)) == 9
    assert not Slice.objects.exists()


def test_an_hour_is_the_sum_of_its_minutes(monkeypatch):
    process = Process()
    for minute in range(58, 63):
        at(monkeypatch, NOON + timedelta(minutes=minute))
        process.answers(minute)
    counted(process)
    assert RequestStat.objects.filter(step_seconds=MINUTE).count() == 5
    hours = dict(RequestStat.objects.filter(step_seconds=HOUR).values_list("start", "requests"))
    assert hours == {NOON: 58 + 59, NOON + timedelta(hours=1): 60 + 61 + 62}


def test_growth_of_counters_is_added_up(monkeypatch):
    failures = Counter("failures_total", "of a test", ["reason"], registry=CollectorRegistry())
    process = Process(failures)
    for _ in range(2):
        failures.labels("code").inc(2)
        counted(process)
    row = CounterStat.objects.get(step_seconds=MINUTE)
    assert (row.name, row.label, row.amount) == ("failures_total", "code", 4)


def test_what_comes_late_is_added_to_its_own_minute(monkeypatch):
    late, early = Process(), Process()
    at(monkeypatch, NOON)
    late.answers(3)
    at(monkeypatch, NOON + timedelta(minutes=5))
    early.answers(1)
    counted(early)
    counted(late)
    assert RequestStat.objects.get(step_seconds=MINUTE, start=NOON).requests == 3


def test_more_slices_than_one_statement_takes():
    process = Process()
    for _ in range(7):
        process.answers(1).flushes()
    assert roll_up_slices(most=3) == 7
    assert total(MINUTE) == total(HOUR) == 7


def test_roll_ups_at_once_count_nothing_twice():
    process = Process()
    for _ in range(40):
        process.answers(1).flushes()
    failed, begin = [], threading.Barrier(4)

    def roll_up():
        try:
            begin.wait()
            roll_up_slices(most=2)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=roll_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    roll_up_slices()
    assert (failed, total(MINUTE), total(HOUR)) == ([], 40, 40)


def test_a_roll_up_leaves_the_work_to_one_that_is_at_it():
    Process().answers(1).flushes()
    with connection.cursor() as cursor:
        held = _another_connection()
        with held, held.cursor() as other:
            other.execute("SELECT pg_advisory_xact_lock(7364001)")
            assert roll_up_slices() == 0
        held.close()
        cursor.execute("SELECT count(*) FROM kpi_slice")
        assert cursor.fetchone() == (1,)
    assert roll_up_slices() == 1


def test_a_roll_up_that_fails_takes_nothing(monkeypatch):
    Process().answers(2).flushes()
    Slice.objects.create(minute=NOON, content={"requests": [["/api", "GET", "no number", "", 1, 1, 1]]})
    with pytest.raises(Exception, match="no number"):
        roll_up_slices()
    assert Slice.objects.count() == 2 and total(MINUTE) == 0


def test_it_says_when_it_was_last_up_to_date():
    before = clock.now()
    roll_up_slices()
    assert before <= RollUp.objects.get(name="requests").done_at <= clock.now()


def test_what_no_window_reaches_is_forgotten():
    now = clock.now()
    kept = [(MINUTE, now - timedelta(hours=47)), (HOUR, now - timedelta(days=89))]
    gone = [(MINUTE, now - timedelta(hours=49)), (HOUR, now - timedelta(days=91))]
    for step, start in kept + gone:
        LatencyStat.objects.create(step_seconds=step, start=start, bucket=5, requests=1)
    assert forget_old_stats() == 2
    assert sorted(LatencyStat.objects.values_list("step_seconds", "start")) == sorted(kept)


def _another_connection():
    return connection.copy().get_new_connection(connection.get_connection_params())
