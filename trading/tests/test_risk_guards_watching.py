"""Whoever comes near to liquidation is seen in time, and more than once."""

from decimal import Decimal

import pytest

from trading import services
from trading.tests.perpetual_desk import PERP, PerpetualDesk


@pytest.fixture
def desk(transactional_db):
    desk = PerpetualDesk(
        people=("alice", "bob", "carol", "dave"),
        funds={"USDT": "6000"},
        tiers={"alice": "intermediate", "bob": "advanced", "carol": "advanced", "dave": "intermediate"},
    )
    desk.deposits("bob", "1000000")
    desk.deposits("carol", "1000000")
    desk.leverages("alice", 10)
    desk.leverages("dave", 10)
    return desk


def sweep(desk, mark):
    desk.marks(mark)
    swept = services.sweep_liquidations()
    assert swept.unfinished == 0
    return dict(swept.found)


def test_a_fund_that_has_money_does_not_stop_the_next_liquidation(desk):
    desk.trades("alice", "bob", "1", at="50000")
    desk.buys("carol", "5", at="44240", symbol=PERP)
    sweep(desk, "44240")
    assert desk.balance_of("insurance:BTC-PERP") == "7.12264"
    desk.cancels_all("carol")
    sweep(desk, "50000")
    desk.trades("dave", "bob", "1", at="50000")
    assert sweep(desk, "44280") == {"warned": 1}
    assert desk.liquidation("dave").status == "warned"


def test_who_recovered_is_warned_again(desk):
    """1.25 times the maintenance margin is left at 44,301.1."""
    desk.trades("alice", "bob", "1", at="50000")
    watch = desk.row("alice").watch_price
    assert sweep(desk, "44280") == {"warned": 1}
    assert sweep(desk, "46000") == {"recovered": 1}
    assert desk.row("alice").watch_price == watch
    assert sweep(desk, "44280") == {"warned": 1}
    assert [each.status for each in desk.liquidations("alice")] == ["recovered", "warned"]


def test_who_is_touched_below_the_margin_is_seen_even_if_the_mark_turns_before_the_sweep(desk):
    """Alice's order is cancelled, by her, at a mark that is too low; a moment later it is a little better."""
    desk.trades("alice", "bob", "1", at="50000")
    order = desk.buys("alice", "0.01", at="40000", symbol=PERP)
    desk.marks("44200")
    desk.cancels("alice", order)
    desk.buys("carol", "5", at="44200", symbol=PERP)
    assert sweep(desk, "44210") == {"warned": 1}
    assert desk.row("alice").size < Decimal(1)
