"""All that is cross stands and falls together: profits keep losses alive, and spot orders give back what they hold."""

import pytest

from trading import services
from trading.tests.perpetual_desk import ETH_PERP, PERP, PerpetualDesk

RICH = ("bob", "carol")


@pytest.fixture
def desk(transactional_db):
    people = ("alice", *RICH)
    desk = PerpetualDesk(people, {}, tiers=dict.fromkeys(people, "advanced"))
    for name in RICH:
        desk.deposits(name, "1000000")
    for symbol in (PERP, ETH_PERP):
        desk.leverages("alice", 10, symbol=symbol)
    return desk


def kinds(desk):
    liquidation = desk.liquidation("alice")
    return [step.kind for step in liquidation.steps.order_by("number")] if liquidation else []


def test_a_profit_keeps_a_loss_alive_that_is_larger_than_the_wallet(desk):
    desk.deposits("alice", "10000")
    desk.trades("alice", "bob", "1", at="50000")
    desk.trades("alice", "bob", "10", at="2500", symbol=ETH_PERP)
    desk.marks("3000", ETH_PERP)  # +5,000
    desk.marks("38000")  # -12,000; 9,962.5 in the wallet: equity 2,962.5, maintenance 190 + 150
    services.sweep_liquidations()
    assert kinds(desk) == []
    assert desk.position("alice") == "long 1 at 50000"
    desk.marks("2700", ETH_PERP)  # +2,000: equity -37.5
    services.sweep_liquidations()
    # The wallet alone pays for 1 BTC: 9,962.5 + (p - 50,000) = 0.0005 p at 40,057.6. The ETH lives on, on its profit.
    assert desk.position("alice") == "flat"
    assert desk.position("alice", ETH_PERP) == "long 10 at 2500"
    assert desk.balance("alice", "USDT") == ("0", "0")
    assert desk.liquidation("alice").status == "recovered"
    assert desk.audited() == []


def test_two_losses_end_both_positions_and_the_wallet_is_never_below_zero(desk):
    desk.deposits("alice", "6000")
    desk.trades("alice", "bob", "0.5", at="50000")
    desk.trades("alice", "bob", "10", at="2500", symbol=ETH_PERP)
    desk.marks("40000")
    desk.marks("2000", ETH_PERP)
    services.sweep_liquidations()
    desk.marks("1900", ETH_PERP)
    for _ in range(3):
        services.sweep_liquidations()
    assert (desk.position("alice"), desk.position("alice", ETH_PERP)) == ("flat", "flat")
    assert desk.balance("alice", "USDT") == ("0", "0")
    assert desk.liquidation("alice").status == "closed"
    assert desk.audited() == []


def test_spot_orders_give_back_what_they_hold_before_a_position_is_touched(desk):
    desk.deposits("alice", "6000")
    desk.trades("alice", "bob", "1", at="50000")
    bid = desk.buys("alice", "0.018", at="50000")
    assert desk.balance("alice", "USDT") == ("50", "5925")  # 900 for the bid
    desk.buys("carol", "5", at="45000", symbol=PERP)
    desk.marks("45100")  # 5,075 - 4,900 = 175, maintenance 225.5; with the 900 it is 1,075
    services.sweep_liquidations()
    assert desk.fate(bid) == "cancelled LIQUIDATION"
    assert desk.position("alice") == "long 1 at 50000"
    assert desk.balance("alice", "USDT") == ("950", "5025")
    assert "reduced" not in kinds(desk)
    assert desk.audited() == []


def test_a_sell_on_spot_holds_nothing_that_a_position_needs_and_stays(desk):
    desk.deposits("alice", "6000")
    desk.deposits("alice", "1", "BTC")
    desk.trades("alice", "bob", "1", at="50000")
    ask = desk.sells("alice", "1", at="60000")
    desk.buys("carol", "5", at="44200", symbol=PERP)
    desk.marks("44200")  # 5,975 - 5,800 = 175, maintenance 221
    services.sweep_liquidations()
    assert "reduced" in kinds(desk)
    assert desk.fate(ask) == "open"


def test_orders_that_add_risk_go_and_those_that_reduce_stay(desk):
    desk.deposits("alice", "6000")
    desk.trades("alice", "bob", "1", at="50000")
    more = desk.buys("alice", "0.1", at="40000", symbol=PERP)
    elsewhere = desk.buys("alice", "0.1", at="2000", symbol=ETH_PERP)
    exit = desk.sells("alice", "1", at="60000", symbol=PERP, reduce_only=True)
    desk.marks("44150")  # 125, maintenance 220.75
    services.sweep_liquidations()
    assert desk.fate(more) == desk.fate(elsewhere) == "cancelled LIQUIDATION"
    assert desk.fate(exit) == "open"
    assert kinds(desk) == ["warned", "orders_cancelled"]
    assert desk.audited() == []
