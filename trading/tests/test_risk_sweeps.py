"""Liquidations and funding are swept by commands and tasks, which are doors to the same."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command

from common import clock
from risk.models import Contract
from trading import tasks
from trading.tests.perpetual_desk import PERP, PerpetualDesk


@pytest.fixture
def desk(transactional_db):
    desk = PerpetualDesk(funds={"USDT": "6000"}, tiers={"alice": "intermediate"})
    desk.deposits("bob", "1000000")
    desk.leverages("alice", 10)
    desk.trades("alice", "bob", "1", at="50000")
    return desk


def test_liquidations(desk, capsys):
    call_command("sweep_liquidations")
    assert capsys.readouterr().out == "0 accounts looked at: nothing to do; 0 to come back to\n"
    desk.marks("44280")
    call_command("sweep_liquidations")
    assert capsys.readouterr().out == "1 accounts looked at: 1 warned; 0 to come back to\n"
    assert desk.liquidation("alice").status == "warned"
    assert tasks.sweep_liquidations() >= 0


def test_funding(desk, capsys):
    Contract.objects.filter(market__symbol=PERP).update(next_funding_at=clock.now() - timedelta(seconds=1))
    call_command("settle_funding")
    assert capsys.readouterr().out == "1 contracts had funding due, 2 accounts settled\n"
    assert tasks.settle_funding() == 0


def test_both_are_in_the_one_table_of_what_runs_when(db):
    beaten = {row["task"]: row["schedule"] for row in settings.CELERY_BEAT_SCHEDULE.values()}
    assert (beaten["trading.tasks.sweep_liquidations"], beaten["trading.tasks.settle_funding"]) == (1.0, 30.0)
