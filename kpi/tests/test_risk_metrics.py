"""What is at risk in perpetuals, in GET /metrics."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from common import clock
from kpi.tests.test_lending_metrics import figures
from risk.models import Contract, ExposureLimit, Liquidation, LiquidationStep
from trading.services import sweep_liquidations
from trading.services.sweep_liquidations import LAST_SWEEP
from trading.tests.desk import later
from trading.tests.perpetual_desk import PERP, PerpetualDesk


@pytest.fixture
def desk(transactional_db):
    desk = PerpetualDesk(funds={"USDT": "6000"}, tiers={"alice": "intermediate"})
    desk.deposits("bob", "1000000")
    desk.deposits("carol", "1000000")
    desk.leverages("alice", 10)
    desk.trades("alice", "bob", "1", at="50000")
    return desk


def test_positions_exposure_and_limits(client, desk):
    ExposureLimit.objects.create(scope="contract", market=desk.row("alice").market, maximum=Decimal(700_000))
    Contract.objects.filter(market__symbol=PERP).update(last_funding_rate=Decimal("-0.0001"))
    told = figures(client)
    assert told["bourse_risk_open_interest", PERP] == 1
    assert (told["bourse_risk_exposure", PERP], told["bourse_risk_exposure_limit", PERP]) == (
        100_000,
        700_000,
    )
    assert (told["bourse_risk_total_exposure",], told["bourse_risk_total_exposure_limit",]) == (
        100_000,
        10**9,
    )
    assert told["bourse_risk_user_total_exposure_limit",] == 20_000_000
    assert (told["bourse_risk_positions", "long", PERP], told["bourse_risk_positions", "short", PERP]) == (
        1,
        1,
    )
    assert (told["bourse_risk_mark_price", PERP], told["bourse_risk_index_price", PERP]) == (50_000, 50_000)
    assert told["bourse_risk_funding_rate", PERP] == -0.0001
    assert ("bourse_risk_exposure_limit", "ETH-PERP") not in told, "no limit is not a limit of zero"


def test_liquidations_steps_and_the_insurance_fund(client, desk):
    desk.marks("44280")
    sweep_liquidations()
    desk.buys("carol", "5", at="44240", symbol=PERP)
    desk.marks("44240")
    sweep_liquidations()
    told = figures(client)
    assert (told["bourse_risk_liquidations", "warned"], told["bourse_risk_liquidations", "liquidating"]) == (
        1,
        0,
    )
    assert ("bourse_risk_liquidations", "closed") not in told, "what is over is not counted at each look"
    assert told["bourse_risk_liquidations_begun",] == desk.liquidation("alice").pk
    steps = {
        kind: told["bourse_risk_liquidation_steps", kind] for kind in ("warned", "reduced", "deleveraged")
    }
    assert steps == {"warned": 1, "reduced": 1, "deleveraged": 0}
    assert told["bourse_risk_insurance_fund", PERP] == 7.12264


def test_steps_are_those_of_the_last_hour(client, desk):
    desk.marks("44280")
    sweep_liquidations()
    with later(3590):
        assert figures(client)["bourse_risk_liquidation_steps", "warned"] == 1
    with later(3610):
        told = figures(client)
        assert told["bourse_risk_liquidation_steps", "warned"] == 0
        assert told["bourse_risk_liquidations", "warned"] == 1, "it goes on for as long as it is not over"


def test_without_any_liquidation_there_are_zeros(client, desk):
    told = figures(client)
    assert told["bourse_risk_liquidations_begun",] == told["bourse_risk_liquidations", "warned"] == 0
    assert told["bourse_risk_liquidation_steps", "closed"] == 0


def test_those_of_margin_accounts_are_told_with_their_loans(client, desk):
    owner = desk.row("alice").account
    account = Account.objects.create(kind=Account.Kind.MARGIN, name="margin:alice", owner=owner)
    row = Liquidation.objects.create(account=account, equity=1, maintenance_margin=2, started_at=clock.now())
    row.steps.create(number=1, kind="warned", equity=1, maintenance_margin=2, created_at=clock.now())
    told = figures(client)
    assert (told["bourse_risk_liquidations", "warned"], told["bourse_lending_liquidations", "warned"]) == (
        0,
        1,
    )
    assert told["bourse_risk_liquidation_steps", "warned"] == 0
    assert told["bourse_risk_liquidations_begun",] == row.pk


def test_no_look_reads_all_liquidations_that_there_ever_were(client, desk):
    _leaves_many_behind(desk.accounts["carol"])
    with CaptureQueriesContext(connection) as asked:
        figures(client)
    plans = [plan for plan in map(_plan, asked) if "risk_liquidation" in plan]
    assert len(plans) == 4, "open ones here and of loans, the newest, and steps"
    cheap = "liquidation_one_open|liquidation_step_time|Backward using risk_liquidation_pkey"
    assert [
        plan for plan in plans if not re.search(cheap, plan) or "Seq Scan on risk_liquidation" in plan
    ] == []


def _leaves_many_behind(account_id, count=3_000):
    """As many liquidations of another day, each with a step; and the database knows that they are many."""
    then = clock.now() - timedelta(days=1)
    sums = {"equity": 1, "maintenance_margin": 2}
    over = {"account_id": account_id, "status": "closed", "started_at": then, "ended_at": then}
    rows = Liquidation.objects.bulk_create(Liquidation(**over, **sums) for _ in range(count))
    LiquidationStep.objects.bulk_create(
        LiquidationStep(liquidation=row, number=1, kind="closed", sequence=1, created_at=then, **sums)
        for row in rows
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE risk_liquidation, risk_liquidationstep")


def _plan(query):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {query['sql']}")
        return "\n".join(line for (line,) in cursor.fetchall())


def test_how_long_ago_the_last_sweep_was(client, desk):
    cache.delete(LAST_SWEEP)
    assert ("bourse_risk_seconds_since_sweep",) not in figures(client)
    sweep_liquidations()
    assert 0 <= figures(client)["bourse_risk_seconds_since_sweep",] < 60


def test_they_cost_a_few_queries(client, desk, django_assert_max_num_queries):
    figures(client)  # which loads the books
    with django_assert_max_num_queries(12):
        figures(client)
