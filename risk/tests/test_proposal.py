"""What the engine would do with a trade that nobody has made: in units of 10^-8 USDT."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.brackets import Brackets
from risk.health import Terms
from risk.liquidation_price import maintenance_margin
from risk.position import Position
from risk.proposal import Proposal, outlook
from risk.requirement import OpenOrders, requirement

USDT = 10**8
ROWS = [(0, 20, 5_000), (250_000 * USDT, 10, 10_000), (1_000_000 * USDT, 5, 25_000)]
TERMS = Terms(1, 10_000, Brackets(ROWS), 500, 5_000)
STEPS = st.integers(1, 10**7)


def proposed(side="long", size="0.1", price="50000", leverage=10):
    return outlook(TERMS, Proposal(side == "long", Fraction(size), Fraction(price) * USDT, leverage))


def cents(units):
    return round(Fraction(units) / USDT, 2)


def test_a_tenth_of_a_bitcoin_at_50000_ten_times_long():
    found = proposed()
    assert cents(found.notional) == 5_000
    assert cents(found.initial_margin) == 500
    assert cents(found.maintenance_margin) == 25
    assert cents(found.opening_fee) == cents(found.closing_fee) == Fraction("2.5")
    assert cents(found.required_margin) == 505
    assert cents(found.liquidation_price) == Fraction("45226.13")
    assert cents(found.bankruptcy_price) == Fraction("45022.51")
    assert cents(found.isolated_margin) == Fraction("502.5")
    assert cents(found.isolated_liquidation_price) == Fraction("45201.01")
    assert found.bracket_leverage == 20


def test_and_short():
    found = proposed("short")
    assert cents(found.liquidation_price) == Fraction("54726.37")
    assert cents(found.bankruptcy_price) == Fraction("54972.51")
    assert cents(found.isolated_liquidation_price) == Fraction("54751.24")


def test_a_large_one_by_its_bracket():
    found = proposed(size="10")
    assert cents(found.maintenance_margin) == 5_000 - 1_250
    assert cents(found.liquidation_price) == Fraction("45328.28")
    assert found.bracket_leverage == 10


def test_without_leverage_a_long_has_no_price_at_which_it_ends():
    found = proposed(leverage=1)
    assert found.liquidation_price is None and found.bankruptcy_price is None
    assert proposed("short", leverage=1).liquidation_price is not None


@pytest.mark.parametrize("side", ["long", "short"])
def test_too_much_leverage_is_past_its_liquidation_from_the_start(side):
    found = proposed(side, leverage=1000)
    assert found.initial_margin < found.maintenance_margin
    assert (found.liquidation_price > 50_000 * USDT) == (side == "long")


def test_what_is_finer_than_a_unit_is_rounded_against_the_trader():
    found = proposed(size="0.000000003", price="0.000001", leverage=3)
    assert found[:6] == (1, 1, 1, 1, 1, 3)


@given(ticks=STEPS, lots=STEPS, leverage=st.integers(1, 100), is_long=st.booleans())
def test_it_asks_for_what_an_order_in_an_empty_account_requires(ticks, lots, leverage, is_long):
    notional = ticks * lots * TERMS.step
    orders = OpenOrders(lots, notional) if is_long else OpenOrders(0, 0, lots, notional)
    found = outlook(TERMS, Proposal(is_long, Fraction(lots), Fraction(ticks * TERMS.step), leverage))
    assert found.required_margin == requirement(Position(leverage), orders, TERMS.taker_fee).margin
    assert found.maintenance_margin == TERMS.brackets.maintenance(notional)


@given(ticks=STEPS, lots=STEPS, leverage=st.integers(1, 100), is_long=st.booleans())
def test_an_isolated_position_keeps_the_margin_and_ends_at_the_price_that_was_shown(
    ticks, lots, leverage, is_long
):
    per_lot = ticks * TERMS.step
    found = outlook(TERMS, Proposal(is_long, Fraction(lots), Fraction(per_lot), leverage))
    position = Position(leverage, is_isolated=True)
    position.fill(lots if is_long else -lots, per_lot, TERMS.taker_fee)
    assert position.isolated_margin == found.isolated_margin
    price = found.isolated_liquidation_price
    if price is not None:
        equity = position.isolated_margin + position.size * price - position.cost
        assert equity == maintenance_margin(TERMS.brackets, lots * price)
