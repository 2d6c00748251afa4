"""A position that runs out of margin: warned, reduced on the book, taken over, deleveraged."""

from decimal import Decimal

import pytest

from trading import services
from trading.tests.perpetual_desk import PERP, PerpetualDesk


@pytest.fixture
def desk(transactional_db):
    desk = PerpetualDesk(
        people=("alice", "bob", "carol"),
        funds={"USDT": "6000"},
        tiers={"alice": "intermediate", "bob": "advanced", "carol": "advanced"},
    )
    desk.deposits("bob", "1000000")
    desk.deposits("carol", "1000000")
    return desk


def steps(desk, who):
    return [step.kind for step in desk.liquidation(who).steps.order_by("number")]


def test_a_long_is_warned_then_reduced_by_part_on_the_book(desk):
    desk.leverages("alice", 10)
    desk.trades("alice", "bob", "1", at="50000")
    assert desk.balance("alice", "USDT") == ("950", "5025")
    desk.marks("44400")  # equity 5,975 - 5,600 = 375; maintenance 222, 1.25 of it 277.5
    assert services.sweep_liquidations().looked_at == 0
    desk.marks("44280")  # equity 255, maintenance 221.4
    assert dict(services.sweep_liquidations().found) == {"warned": 1}
    assert steps(desk, "alice") == ["warned"]
    assert services.sweep_liquidations().looked_at == 0
    assert steps(desk, "alice") == ["warned"]
    desk.buys("carol", "5", at="44240", symbol=PERP)
    desk.marks("44240")  # equity 215, maintenance 221.2
    assert dict(services.sweep_liquidations().found) == {"warned": 1}
    assert steps(desk, "alice") == ["warned", "reduced", "recovered"]
    # 0.161 at 44,240 are 7,122.64: a fee of 3.56132, 7.12264 to the insurance fund, a loss of 927.36
    reduced = desk.liquidation("alice").steps.get(kind="reduced")
    assert (reduced.quantity, reduced.notional, reduced.to_insurance) == (
        Decimal("0.161"), Decimal("7122.64"), Decimal("7.12264"),
    )  # fmt: skip
    assert desk.position("alice") == "long 0.839 at 50000"
    assert desk.balance("alice", "USDT") == ("820.98104", "4215.975")
    assert desk.balance_of("insurance:BTC-PERP") == "7.12264"


def test_a_warning_ends_well_above_the_level_at_which_it_is_given(desk):
    desk.leverages("alice", 10)
    desk.trades("alice", "bob", "1", at="50000")
    desk.marks("44280")  # equity 255, maintenance 221.4: 1.15
    services.sweep_liquidations()
    desk.marks("44330")  # 305 and 221.65: 1.38
    assert services.sweep_liquidations().looked_at == 0
    assert desk.liquidation("alice").status == "warned"
    desk.marks("44360")  # 335 and 221.8: 1.51
    assert dict(services.sweep_liquidations().found) == {"recovered": 1}
    assert desk.liquidation("alice").status == "recovered"
    desk.marks("44280")
    services.sweep_liquidations()
    assert steps(desk, "alice") == ["warned"]


def test_a_liquidation_of_somebody_who_closed_by_themselves_is_closed(desk):
    desk.leverages("alice", 10)
    desk.trades("alice", "bob", "1", at="50000")
    desk.marks("44280")
    services.sweep_liquidations()
    desk.trades("carol", "alice", "1", at="44280")
    assert dict(services.sweep_liquidations().found) == {"recovered": 1}
    assert desk.liquidation("alice").status == "closed"
