"""A sweep over fifty accounts killed with SIGKILL at any moment, again and again: the next one goes on, and no step
is missing or taken twice."""

import os
import random
import time

import pytest

from risk.models import Liquidation, LiquidationStep
from trading import services
from trading.tests.other_desk import OtherDesk, wait_until
from trading.tests.perpetual_desk import PERP
from trading.tests.test_crash import wait_until_the_server_has_noticed
from trading.tests.test_liquidation_races import LIQUIDATED_AT, assert_all_is_well, open_desk, sold_by

pytestmark = pytest.mark.django_db(transaction=True)

SEED = int(os.environ.get("CRASH_SEED", "11"))
DEATHS = 4
ACCOUNTS = 50


def test_a_sweep_killed_in_the_middle_is_finished_by_the_next():
    """CRASH_SEED in the environment repeats other moments."""
    chance = random.Random(SEED)
    people = tuple(f"trader-{number}" for number in range(ACCOUNTS))
    desk = open_desk(people, bids="60")
    sweepers = [OtherDesk() for _ in range(DEATHS)]
    pids = [sweeper.backend_pid for sweeper in sweepers]
    desk.marks(LIQUIDATED_AT)
    seen = []
    for sweeper, pid in zip(sweepers, pids, strict=True):
        before = LiquidationStep.objects.count()
        sweeper.starts("sweep_liquidations", at_once=3)
        wait_until(lambda before=before: LiquidationStep.objects.count() > before)
        time.sleep(chance.random() / 50)  # anywhere within the next accounts
        sweeper.dies()
        wait_until_the_server_has_noticed(pid)
        seen.append(Liquidation.objects.count())
        assert_all_is_well(desk)
    assert seen[0] < ACCOUNTS, f"CRASH_SEED={SEED}: it was over before it was killed"
    services.sweep_liquidations()
    assert_all_is_well(desk)
    assert Liquidation.objects.count() == ACCOUNTS
    reduced = LiquidationStep.objects.filter(kind="reduced")
    assert sorted(reduced.values_list("liquidation__account_id", flat=True)) == sorted(
        desk.accounts[who] for who in people
    )
    assert {sold_by(who, desk) for who in people} == set(reduced.values_list("quantity", flat=True))
    assert services.sweep_liquidations().found.get("liquidating") is None
    assert reduced.count() == ACCOUNTS
    assert desk.book(PERP)
