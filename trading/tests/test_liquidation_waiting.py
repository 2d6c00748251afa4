"""Liquidations in a bad moment: the market is halted, nobody has looked for a while, the feed jumps or repeats."""

from datetime import timedelta
from decimal import Decimal

import pytest

from common import clock
from trading import services
from trading.matching_service.requests import FundingRequest
from trading.tests.perpetual_desk import PERP, PerpetualDesk


@pytest.fixture
def desk(transactional_db):
    people = ("alice", "bob", "carol")
    desk = PerpetualDesk(people, {}, tiers=dict.fromkeys(people, "advanced"))
    desk.deposits("alice", "6000")
    for name in ("bob", "carol"):
        desk.deposits(name, "1000000")
    desk.leverages("alice", 10)
    desk.trades("alice", "bob", "1", at="50000")
    return desk


def kinds(desk):
    liquidation = desk.liquidation("alice")
    return [step.kind for step in liquidation.steps.order_by("number")] if liquidation else []


def jumps(desk, mark):
    desk.marks(mark)
    services.sweep_liquidations()


@pytest.mark.parametrize("status", ["halted", "cancel_only"])
def test_while_the_market_does_not_trade_it_waits_and_then_goes_on(desk, status):
    more = desk.buys("alice", "0.1", at="40000", symbol=PERP)
    desk.buys("carol", "5", at="44200", symbol=PERP)
    desk.turns(status, symbol=PERP)
    jumps(desk, "44100")
    assert desk.position("alice") == "long 1 at 50000"
    assert desk.fate(more) == "cancelled LIQUIDATION"
    assert desk.liquidation("alice").status == "liquidating"
    services.sweep_liquidations()
    assert kinds(desk) == ["warned", "orders_cancelled"]
    desk.turns("open", symbol=PERP)
    services.sweep_liquidations()
    assert "reduced" in kinds(desk)
    assert [step.number for step in desk.liquidation("alice").steps.order_by("number")] == list(
        range(1, len(kinds(desk)) + 1)
    )
    assert desk.audited() == []


def test_the_price_comes_back_while_it_waits_and_nothing_is_sold(desk):
    desk.turns("halted", symbol=PERP)
    jumps(desk, "44100")
    desk.marks("50000")
    desk.turns("open", symbol=PERP)
    services.sweep_liquidations()
    assert desk.position("alice") == "long 1 at 50000"
    assert desk.liquidation("alice").status == "recovered"
    assert desk.audited() == []


def test_half_down_and_double_up_within_one_look_is_no_event(desk):
    """Only the mark of the moment counts, not where it has been while nobody looked."""
    desk.marks("25000")
    desk.marks("50000")
    services.sweep_liquidations()
    assert desk.position("alice") == "long 1 at 50000"
    assert kinds(desk) == []


def test_a_jump_by_half_is_paid_by_those_who_profit_and_by_nobody_else(desk):
    jumps(desk, "25000")
    assert (desk.position("alice"), desk.position("bob")) == ("flat", "flat")
    assert desk.balance("alice", "USDT") == ("0", "0")
    jumps(desk, "75000")
    assert desk.audited() == []


def test_an_old_price_repeated_changes_nothing(desk):
    jumps(desk, "44280")
    assert kinds(desk) == ["warned"]
    for _ in range(5):
        jumps(desk, "44280")
    assert kinds(desk) == ["warned"]


def test_ten_minutes_without_sweeps_are_put_right_by_the_next_one(desk):
    """Marks moved, fundings fell due, people traded; then somebody looks, once."""
    desk.buys("carol", "5", at="44230", symbol=PERP)
    for mark in ("47000", "44900", "44230"):
        desk.marks(mark)
    due = clock.now() + timedelta(hours=8)
    services.submit(PERP, [FundingRequest(due, Decimal("0.0001"), Decimal(0), 1, due + timedelta(hours=8))])
    services.settle_funding()
    services.sweep_liquidations()
    assert "reduced" in kinds(desk)
    first = kinds(desk)
    services.sweep_liquidations()
    assert kinds(desk) == first
    assert desk.row("alice").funding_paid == Decimal("4.423")
    assert desk.audited() == []


def test_the_owner_may_close_while_it_is_liquidated_and_then_it_is_over(desk):
    jumps(desk, "44100")
    assert desk.liquidation("alice").status == "liquidating"
    desk.trades("carol", "alice", "1", at="44150")
    assert desk.position("alice") == "flat"
    services.sweep_liquidations()
    assert desk.liquidation("alice").status in ("closed", "recovered")
    assert desk.audited() == []
