"""What is at risk in perpetuals, in GET /metrics."""

from decimal import Decimal

import pytest
from django.core.cache import cache

from kpi.tests.test_lending_metrics import figures
from risk.models import Contract, ExposureLimit
from trading.services import sweep_liquidations
from trading.services.sweep_liquidations import LAST_SWEEP
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
    assert (told["bourse_risk_exposure_total",], told["bourse_risk_exposure_total_limit",]) == (
        100_000,
        10**9,
    )
    assert told["bourse_risk_user_exposure_total_limit",] == 20_000_000
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
    assert (told["bourse_risk_liquidations", "warned"], told["bourse_risk_liquidations", "closed"]) == (1, 0)
    assert told["bourse_risk_liquidation_steps", "reduced"] == 1
    assert told["bourse_risk_insurance_fund", PERP] == 7.12264


def test_how_long_ago_the_last_sweep_was(client, desk):
    cache.delete(LAST_SWEEP)
    assert ("bourse_risk_seconds_since_sweep",) not in figures(client)
    sweep_liquidations()
    assert 0 <= figures(client)["bourse_risk_seconds_since_sweep",] < 60


def test_they_cost_a_few_queries(client, desk, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        figures(client)
