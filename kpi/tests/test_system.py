"""GET /api/v1/kpi/system"""

import sys
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common import clock
from kpi import tallies as module
from kpi.services import beat_heart, roll_up_slices
from kpi.tests.counting import Process, counted
from trading.tests.api.desk import Desk, key_desk, person, refusal

SERVICE = sys.modules[beat_heart.__module__]

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    return Desk(person("admin", funds={}, is_staff=True))


def told(staff, **parameters):
    answer = staff.get("kpi/system", **parameters)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_an_exchange_that_nobody_has_asked(staff):
    figures = told(staff)
    assert figures["latency_ms"] == dict.fromkeys(("mean", "p50", "p95", "p99", "max"))
    for name in ("error_rate", "client_error_rate", "server_error_rate", "uptime", "unmeasured", "as_of"):
        assert figures[name] is None
    assert (figures["requests"], figures["series"], figures["window"]) == (0, [], "1h")


def test_how_requests_ended(staff):
    process = Process().answers(12).answers(5, status=404, code="NOT_FOUND").answers(2, status=503)
    process.answers(1, "/api/v1/markets", method="POST", status=429, code="RATE_LIMITED")
    counted(process)
    figures = told(staff)
    assert figures["requests"] == 20
    assert (figures["error_rate"], figures["client_error_rate"], figures["server_error_rate"]) == (
        0.4,
        0.3,
        0.1,
    )
    assert figures["by_status"] == [
        {"status": status, "requests": n} for status, n in ((200, 12), (404, 5), (503, 2), (429, 1))
    ]
    assert figures["by_code"] == [
        {"code": "NOT_FOUND", "requests": 5},
        {"code": "RATE_LIMITED", "requests": 1},
    ]
    first = figures["endpoints"][0]
    assert (first["endpoint"], first["requests"]) == ("/api/v1/orders", 19)
    assert (first["client_errors"], first["server_errors"]) == (5, 2)


def test_how_long_answers_took(staff):
    counted(Process().answers(90, seconds=0.010).answers(9, seconds=0.100).answers(1, seconds=2.0))
    latency = told(staff)["latency_ms"]
    assert latency["mean"] == pytest.approx(38, abs=0.001) and latency["max"] == 2000
    assert latency["p50"] == pytest.approx(10, rel=0.01)
    assert latency["p95"] == latency["p99"] == pytest.approx(100, rel=0.01)


def test_no_quantile_is_above_the_slowest(staff):
    counted(Process().answers(3, seconds=0.0102))
    latency = told(staff)["latency_ms"]
    assert latency["p99"] <= latency["max"] == 10.2


@pytest.mark.parametrize(("name", "told_requests"), [("1h", 1), ("24h", 3), ("7d", 7)])
def test_a_window_has_what_happened_in_it(staff, monkeypatch, name, told_requests):
    process = Process()
    for ago, times in (
        (timedelta(), 1),
        (timedelta(hours=3), 2),
        (timedelta(days=6), 4),
        (timedelta(days=9), 8),
    ):
        moment = clock.now() - ago
        monkeypatch.setattr(module.time, "time", moment.timestamp)
        process.answers(times)
    monkeypatch.undo()
    counted(process)
    figures = told(staff, window=name)
    assert figures["requests"] == told_requests == sum(each["requests"] for each in figures["series"])
    lengths = {"1h": 3600, "24h": 86_400, "7d": 7 * 86_400}
    covered = (figures["end"] - figures["start"]) / 1000
    assert lengths[name] <= covered < lengths[name] + figures["step_seconds"]


def test_the_heartbeat_is_told(staff, monkeypatch):
    monkeypatch.setattr(SERVICE, "_answers", lambda: True)
    beat_heart()
    figures = told(staff)
    assert (figures["uptime"], figures["unmeasured"]) == (100, 0)
    assert figures["heartbeats"] == {"expected": 1, "measured": 1, "well": 1}


def test_it_says_when_it_was_brought_up_to_date(staff):
    before = clock.to_ms(clock.now())
    roll_up_slices()
    assert before <= told(staff)["as_of"] <= clock.to_ms(clock.now())


def test_however_much_was_asked_it_reads_the_roll_ups_alone(staff):
    counted(Process().answers(50).answers(5, "/api/v1/markets"))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        told(staff)
    tables = [query["sql"] for query in queries if "kpi_" in query["sql"]]
    assert len(tables) == 4
    assert not any(
        raw in query["sql"] for query in queries for raw in ("kpi_slice", 'kpi_heartbeat"', "trading_")
    )


def test_only_staff_in_person_may_look():
    assert refusal(Desk().get("kpi/system")) == (401, "NOT_AUTHENTICATED")
    assert refusal(Desk(person("alice")).get("kpi/system")) == (403, "PERMISSION_DENIED")
    bot = key_desk(person("boss", is_staff=True), "read", "trade")
    assert refusal(bot.get("kpi/system")) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize("wrong", ["2h", "", "1H", "1h ", "x" * 5000, "1h,24h"])
def test_another_window_is_refused(staff, wrong):
    assert refusal(staff.get("kpi/system", window=wrong)) == (400, "VALIDATION_ERROR")


def test_another_parameter_is_refused(staff):
    assert refusal(staff.get("kpi/system", windows="1h")) == (400, "VALIDATION_ERROR")


def test_each_task_is_a_command(capsys, monkeypatch):
    monkeypatch.setattr(SERVICE, "_answers", lambda: True)
    for name, said in (
        ("roll_up_kpis", "0 slices"),
        ("beat_heart", "the exchange answers"),
        ("forget_old_kpis", "0 rows"),
    ):
        call_command(name)
        assert said in capsys.readouterr().out
