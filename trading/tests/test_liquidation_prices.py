"""The liquidation price from end to end: the first tick of the mark beyond it, and not one tick before.

10x from 50,000 at 0.5%: Alice pays 505 in; 2.5 go for the fee to open and 2.5 for a funding, so that exactly the
initial margin of 500 stands behind 0.1 BTC.
"""

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
    desk.deposits("alice", "505")
    desk.deposits("bob", "100000")
    desk.deposits("carol", "100000")
    desk.leverages("alice", 10)
    return desk


def pay_funding(rate):
    due = clock.now() + timedelta(hours=8)
    services.submit(PERP, [FundingRequest(due, Decimal(rate), Decimal(0), 1, due + timedelta(hours=8))])
    services.settle_funding()


def found(desk, mark):
    desk.marks(mark)
    return dict(services.sweep_liquidations().found)


def kinds(desk):
    return [step.kind for step in desk.liquidation("alice").steps.order_by("number")]


def test_a_10x_long_from_50000_is_liquidated_at_45226_13(desk):
    desk.trades("alice", "bob", "0.1", at="50000")
    pay_funding("0.0005")
    assert sum(map(Decimal, desk.balance("alice", "USDT"))) == 500
    desk.buys("carol", "1", at="45100", symbol=PERP)
    assert found(desk, "45226.2") == {"warned": 1}  # equity 22.62, maintenance 22.6131
    assert kinds(desk) == ["warned"]
    found(desk, "45226.1")  # equity 22.61, maintenance 22.61305
    assert "reduced" in kinds(desk)
    assert desk.audited() == []


def test_a_10x_short_from_50000_is_liquidated_at_54726_37(desk):
    desk.trades("bob", "alice", "0.1", at="50000")
    # as the maker she paid 1 to open, and pays 4 of funding
    assert sum(map(Decimal, desk.balance("alice", "USDT"))) == 504
    pay_funding("-0.0008")
    assert sum(map(Decimal, desk.balance("alice", "USDT"))) == 500
    desk.sells("carol", "1", at="54800", symbol=PERP)
    assert found(desk, "54726.3") == {"warned": 1}  # equity 27.37, maintenance 27.36315
    assert kinds(desk) == ["warned"]
    found(desk, "54726.4")  # equity 27.36, maintenance 27.3632
    assert "reduced" in kinds(desk)
    assert desk.audited() == []


def test_the_warning_comes_at_a_quarter_above_the_maintenance_margin(desk):
    desk.trades("alice", "bob", "0.1", at="50000")
    pay_funding("0.0005")
    found(desk, "45283.1")  # equity 28.31, 1.25 x 22.64155 = 28.3019375
    assert desk.liquidation("alice") is None
    assert found(desk, "45283.0") == {"warned": 1}  # equity 28.3, 1.25 x 22.6415 = 28.301875
    services.sweep_liquidations()
    assert kinds(desk) == ["warned"]
