"""Uptime: slots in which the exchange answered, of all that there were."""

import sys
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from common import clock
from kpi.models import HOUR, MINUTE, Heartbeat, HeartbeatStat
from kpi.selectors import uptime
from kpi.services import beat_heart, forget_old_stats
from kpi.windows import window

SERVICE = sys.modules[beat_heart.__module__]

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SLOT = timedelta(seconds=5)


class Heart:
    """The clock, and whether the exchange answers."""

    def __init__(self, monkeypatch):
        self.now, self.is_well, self.asked = NOON, True, 0
        monkeypatch.setattr(clock, "now", lambda: self.now)
        monkeypatch.setattr(SERVICE, "_answers", self._answers)

    def _answers(self):
        self.asked += 1
        return self.is_well

    def beats(self, slots, is_well=True):
        self.is_well = is_well
        for _ in range(slots):
            beat_heart()
            self.now += SLOT
        return self

    def stops(self, slots):
        self.now += slots * SLOT
        return self

    def uptime(self, name="1h"):
        return uptime(window(name, self.now))


@pytest.fixture
def heart(monkeypatch):
    return Heart(monkeypatch)


def test_before_the_first_heartbeat_nothing_is_known(heart):
    assert heart.uptime().percent is None


def test_an_exchange_that_always_answered(heart):
    heart.beats(20)
    assert heart.uptime() == (20, 20, 20) and heart.uptime().percent == 100


def test_an_exchange_that_was_down_for_a_while(heart):
    heart.beats(15).beats(5, is_well=False)
    assert heart.uptime() == (20, 20, 15) and heart.uptime().percent == 75


def test_a_heartbeat_that_was_away_counts_as_down_and_is_told(heart):
    heart.beats(15).stops(5)
    assert heart.uptime() == (20, 15, 15)
    assert (heart.uptime().percent, heart.uptime().unmeasured_percent) == (75, 25)


def test_a_slot_is_measured_once_however_often_it_is_asked_for(heart):
    assert [beat_heart() for _ in range(3)] == [True, None, None]
    heart.now += timedelta(seconds=4.9)
    assert beat_heart() is None and heart.asked == 1
    heart.now += timedelta(seconds=0.1)
    assert beat_heart() is True
    assert Heartbeat.objects.count() == HeartbeatStat.objects.get(step_seconds=MINUTE).measured == 2


def test_the_first_to_measure_a_slot_decides(heart, monkeypatch):
    """Two workers ask at the same moment; the other one has written its answer while we waited for ours."""

    def answers():
        Heartbeat.objects.create(slot=clock.to_ms(heart.now) // 5000, is_ok=False)
        return True

    monkeypatch.setattr(SERVICE, "_answers", answers)
    beat_heart()
    assert not Heartbeat.objects.get().is_ok and not HeartbeatStat.objects.exists()


def test_the_slot_under_way_is_not_missed_yet(heart):
    heart.beats(3)
    assert heart.uptime().expected == 3
    heart.now += timedelta(seconds=4)
    assert heart.uptime().expected == 3
    beat_heart()
    assert heart.uptime() == (4, 4, 4)


def test_only_the_window_counts(heart):
    heart.beats(12, is_well=False).stops(12 * 90).beats(12)
    found = heart.uptime("1h")
    assert (found.measured, found.well, found.expected) == (12, 12, 60 * 12)
    assert heart.uptime("24h") == (24 + 12 * 90, 24, 12)


def test_an_exchange_that_comes_back_after_long_did_not_begin_then(heart):
    """Its minutes are forgotten by then; that it was there before is not."""
    heart.beats(12).stops(days_in_slots(3)).beats(2)
    forget_old_stats()
    assert heart.uptime("1h") == (60 * 12 + 2, 2, 2)
    heart.stops(days_in_slots(200)).beats(1)
    forget_old_stats()
    assert heart.uptime("7d").expected >= days_in_slots(7) and heart.uptime("7d").well == 1


def test_a_clock_that_was_ahead_for_a_moment_makes_no_absence(heart):
    heart.beats(12)
    heart.stops(720).beats(2).stops(-722)
    heart.beats(12)
    assert heart.uptime("1h") == (24, 24, 24)


def days_in_slots(days):
    return days * 17_280


def test_minutes_and_hours_agree(heart):
    heart.now = NOON + timedelta(minutes=58)
    heart.beats(48)
    for step in (MINUTE, HOUR):
        rows = HeartbeatStat.objects.filter(step_seconds=step).order_by("start")
        assert sum(row.measured for row in rows) == sum(row.well for row in rows) == 48


# ---- what is asked ----


class Door(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self):
        self.send_response(self.status if self.path == "/ready" else 200)
        self.send_header("Location", "/log-in")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def door(settings):
    server = HTTPServer(("127.0.0.1", 0), Door)
    Thread(target=server.serve_forever, daemon=True).start()
    settings.PROBE_URL = f"http://127.0.0.1:{server.server_port}/ready"
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "is_ok"), [(200, True), (503, False), (500, False), (404, False), (302, False)]
)
def test_the_front_door_is_asked(door, monkeypatch, status, is_ok):
    monkeypatch.setattr(Door, "status", status)
    assert beat_heart() is is_ok


def test_the_front_door_is_asked_directly(door, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert beat_heart() is True


def test_a_front_door_that_is_not_there(settings):
    settings.PROBE_URL = "http://127.0.0.1:9/ready"
    assert beat_heart() is False


def test_without_a_front_door_the_parts_are_asked(settings, monkeypatch):
    settings.PROBE_URL = ""
    monkeypatch.setattr(SERVICE, "everything_is_ready", lambda: False)
    assert beat_heart() is False
