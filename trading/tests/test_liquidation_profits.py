"""A loss in one contract, and a profit in another that can pay it."""

import pytest

from trading import services
from trading.tests.perpetual_desk import ETH_PERP, PERP, PerpetualDesk

RICH = ("bob", "carol")


@pytest.fixture
def desk(transactional_db):
    """Alice: 1 BTC bought at 50,000 and 10 ETH bought at 2,500 with 10,000; 9,962.5 are left after fees."""
    people = ("alice", *RICH)
    desk = PerpetualDesk(people, {}, tiers=dict.fromkeys(people, "advanced"))
    for name in RICH:
        desk.deposits(name, "1000000")
    desk.deposits("alice", "10000")
    for symbol in (PERP, ETH_PERP):
        desk.leverages("alice", 10, symbol=symbol)
    desk.trades("alice", "bob", "1", at="50000")
    desk.trades("alice", "bob", "10", at="2500", symbol=ETH_PERP)
    return desk


def kinds(desk):
    return [
        f"{step.kind} {step.market.symbol}" for step in desk.liquidation("alice").steps.order_by("number")
    ]


def falls(desk):
    """BTC loses 12,000 and ETH gains 2,000: 37.5 are missing in all, and 2,037.5 in the wallet."""
    desk.marks("2700", ETH_PERP)
    desk.marks("38000")
    services.sweep_liquidations()


def test_the_profit_is_taken_before_anybody_else_pays(desk):
    desk.buys("carol", "10", at="2700", symbol=ETH_PERP)
    falls(desk)
    assert (desk.position("alice"), desk.position("alice", ETH_PERP)) == ("flat", "flat")
    assert kinds(desk) == [
        "warned BTC-PERP", "reduced ETH-PERP", "deleveraged BTC-PERP", "closed BTC-PERP",
    ]  # fmt: skip
    # 9,962.5 + 2,000 - 13.5 fee = 11,949 pay for 1 BTC down to 38,051 and its fee of 19.03: bob gets 38,070.1
    assert (
        str(desk.liquidation("alice").steps.get(kind="deleveraged").bankruptcy_price.normalize()) == "38070.1"
    )
    assert desk.balance("alice", "USDT")[1] == "0"
    assert desk.audited() == []


def test_where_nobody_buys_it_the_loss_is_settled_all_the_same(desk):
    falls(desk)
    assert desk.position("alice") == "flat"
    assert desk.position("alice", ETH_PERP) == "long 10 at 2500"
    assert desk.audited() == []


def test_a_position_in_profit_is_not_sold_at_a_loss(desk):
    desk.buys("carol", "10", at="2501.2", symbol=ETH_PERP)  # 2,501.25 would cover the fee
    falls(desk)
    assert desk.position("alice", ETH_PERP) == "long 10 at 2500"
