"""Positions round against their owner, pay their funding once, and may lose no more than is theirs."""

from datetime import timedelta
from decimal import Decimal

import pytest

from common.errors import ErrorCode
from risk.models import Contract, ExposureTotal
from risk.position import FUNDING_SCALE, Position
from trading import services
from trading.audit import audit
from trading.matching_service.requests import FundingRequest
from trading.services import submit
from trading.tests.desk import later
from trading.tests.meddling import before, elsewhere
from trading.tests.perpetual_desk import ETH_PERP, PERP, PerpetualDesk


@pytest.fixture
def desk(transactional_db):
    return PerpetualDesk(tiers={"alice": "advanced", "bob": "advanced", "carol": "advanced"})


# ---- arithmetic ----


@pytest.mark.parametrize(
    ("size", "cost", "lots", "at", "realised", "left"),
    [
        (3, 100, -1, 50, 16, 66),  # a third of 100 is 33.3: 34 for a long
        (3, 100, -2, 50, 33, 33),
        (-3, -100, 1, 20, 13, -67),  # and 33 for a short
        (-3, -100, 2, 20, 26, -34),
    ],
)
def test_a_part_of_the_cost_is_rounded_against_the_owner(size, cost, lots, at, realised, left):
    position = Position(5, size=size, cost=cost)
    assert position.fill(lots, at, 500) == (realised, 0)
    assert position.cost == left


def test_a_part_of_an_own_margin_is_rounded_down_when_it_is_given_back():
    position = Position(5, True, size=3, cost=99, isolated_margin=20)
    assert position.fill(-1, 33, 500) == (0, -6)
    assert position.isolated_margin == 14


@pytest.mark.parametrize(
    ("size", "moved", "paid"),
    [
        (3, FUNDING_SCALE // 2, 2),  # one and a half: two from who pays
        (-3, FUNDING_SCALE // 2, -1),  # one to who receives
        (3, -FUNDING_SCALE // 2, -1),
        (-3, -FUNDING_SCALE // 2, 2),
    ],
)
def test_who_pays_funding_pays_the_whole_unit_and_who_receives_gets_whole_units_only(size, moved, paid):
    position = Position(5, size=size, cost=size, funding_index=7)
    assert position.settle_funding(7 + moved) == paid
    assert position.settle_funding(7 + moved) == 0


# ---- funding ----


def funds(desk, rate, hours):
    contract = Contract.objects.get(market__symbol=PERP)
    due_at = contract.next_funding_at
    request = FundingRequest(due_at, Decimal(rate), Decimal(0), 0, due_at + timedelta(hours=8))
    with later(hours * 3600):
        [outcome] = submit(PERP, [request])
    return request, outcome


def test_longs_pay_shorts_a_positive_rate(desk):
    desk.trades("alice", "bob", "1", at="50000")
    funds(desk, "0.001", 9)
    services.settle_funding()
    assert (desk.row("alice").funding_paid, desk.row("bob").funding_paid) == (50, -50)
    assert desk.balance_of("funding:BTC-PERP") == "0"
    assert audit().violations == []


def test_a_funding_is_paid_once(desk):
    desk.trades("alice", "bob", "1", at="50000")
    request, _ = funds(desk, "0.001", 9)
    [again] = submit(PERP, [request])
    assert again.code == ErrorCode.CONFLICT
    services.settle_funding()
    services.settle_funding()
    assert desk.row("alice").funding_paid == 50


def test_who_comes_later_pays_nothing_for_what_was_before(desk):
    desk.trades("alice", "bob", "1", at="50000")
    funds(desk, "0.001", 9)
    desk.trades("carol", "bob", "1", at="50000")
    services.settle_funding()
    assert desk.row("carol").funding_paid == 0
    assert audit().violations == []


def test_who_adds_pays_funding_for_what_was_held_then(desk):
    desk.trades("alice", "bob", "1", at="50000")
    funds(desk, "0.001", 9)
    desk.trades("alice", "bob", "1", at="50000")
    assert desk.row("alice").funding_paid == 50
    services.settle_funding()
    assert desk.row("alice").funding_paid == 50
    assert audit().violations == []


# ---- margin ----


def test_a_profit_on_paper_backs_nothing(desk):
    """89,950 are free: at 5x and with the fees that is 447,512 worth of ether."""
    desk.trades("alice", "bob", "1", at="50000")
    desk.marks("60000")
    assert desk.buys("alice", "180", at="2500", symbol=ETH_PERP) == "INSUFFICIENT_MARGIN"
    assert desk.buys("alice", "179", at="2500", symbol=ETH_PERP).order.status == "open"


def test_what_is_wanted_twice_at_once_is_required_once(desk):
    """Between matching and locking Alice's money went into another contract."""

    def spend(batch):
        elsewhere(lambda: desk.trades("alice", "carol", "60", at="2500", symbol=ETH_PERP))

    desk.sells("bob", "8", at="50000", symbol=PERP)
    with before("lock_balances", spend):
        assert desk.buys("alice", "8", at="50000", symbol=PERP) == "INSUFFICIENT_MARGIN"
    assert (desk.position("alice"), desk.position("alice", ETH_PERP)) == ("flat", "long 60 at 2500")
    assert audit().violations == []


def test_the_total_exposure_is_that_of_all_contracts(desk):
    desk.trades("alice", "bob", "1", at="50000")
    desk.trades("alice", "carol", "3", at="2500", symbol=ETH_PERP)
    assert ExposureTotal.objects.get().amount == 2 * 50_000 + 2 * 7_500
    desk.trades("bob", "alice", "1", at="50000")
    assert ExposureTotal.objects.get().amount == 2 * 7_500


# ---- watched ----


def test_a_loss_in_one_contract_brings_the_look_at_the_other_nearer(desk):
    desk.trades("alice", "bob", "5", at="50000")
    desk.trades("alice", "bob", "2", at="2500", symbol=ETH_PERP)
    first = desk.row("alice", PERP).watch_price
    desk.trades("bob", "alice", "2", at="2000", symbol=ETH_PERP)
    assert desk.row("alice", PERP).watch_price != first
    assert audit().violations == []


def test_money_spent_on_spot_brings_the_look_nearer(desk):
    desk.trades("alice", "bob", "5", at="50000")
    first = desk.row("alice").watch_price
    desk.sells("carol", "0.8", at="50000")
    desk.buys("alice", "0.8", at="50000")
    assert desk.row("alice").watch_price > first
    assert audit().violations == []
