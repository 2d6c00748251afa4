"""The liquidation and the bankruptcy price of one position."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.money import fee_units
from risk import health
from risk.brackets import MILLION, Brackets
from risk.liquidation_price import bankruptcy_price, liquidation_price, maintenance_margin, safe_tick

HALF_PER_CENT = Brackets([(0, 20, 5_000)])
THREE = Brackets([(0, 20, 5_000), (250_000, 10, 10_000), (1_000_000, 5, 25_000)])
TAKER_FEE = 500

SIZES = st.integers(1, 10**6).flatmap(lambda lots: st.sampled_from([lots, -lots]))
AMOUNTS = st.integers(-(10**12), 10**14)
RATES = st.lists(st.integers(1, 400_000), min_size=1, max_size=5, unique=True).map(sorted)


@st.composite
def brackets(draw):
    rates = draw(RATES)
    floors = draw(
        st.lists(st.integers(1, 10**13), min_size=len(rates) - 1, max_size=len(rates) - 1, unique=True)
    )
    return Brackets(
        (floor, 20 - place, rate)
        for place, (floor, rate) in enumerate(zip([0, *sorted(floors)], rates, strict=True))
    )


def cents(price):
    return round(price, 2)


def equity_at(price, equity, size, value, step):
    return equity + size * price * step - value


# ---- the numbers that were promised ----


def test_ten_times_long_from_50000():
    price = liquidation_price(5_000, 1, 50_000, 1, HALF_PER_CENT)
    assert price == Fraction(45_000 * 1000, 995)
    assert cents(price) == Fraction("45226.13")


def test_ten_times_short_from_50000():
    price = liquidation_price(5_000, -1, -50_000, 1, HALF_PER_CENT)
    assert cents(price) == Fraction("54726.37")


@pytest.mark.parametrize(("size", "expected"), [(1, "45226.13"), (-1, "54726.37")])
def test_it_is_the_same_from_the_mark_price_as_from_the_entry(size, expected):
    for mark in (46_000, 50_000, 53_000):
        unrealised = size * (mark - 50_000)
        price = liquidation_price(5_000 + unrealised, size, size * mark, 1, HALF_PER_CENT)
        assert cents(price) == Fraction(expected)


def test_it_is_the_same_for_a_tenth_counted_in_ticks_lots_and_units():
    # 0.1 BTC is 100 lots of 0.001, ticks are of 0.1, a unit is 10^-8 USDT.
    price = liquidation_price(500 * 10**8, 100, 5_000 * 10**8, 10_000, HALF_PER_CENT)
    assert cents(price / 10) == Fraction("45226.13")


# ---- brackets ----


def test_a_large_position_is_liquidated_by_the_bracket_of_its_notional():
    # 10 BTC: 500,000, of which above 250,000 the rate is 1% and the amount 1,250.
    price = liquidation_price(50_000, 10, 500_000, 1, THREE)
    assert price == Fraction(500_000 - 50_000 - 1_250) / Fraction("9.9")
    assert cents(price) == Fraction("45328.28")


def test_the_bracket_is_the_one_at_the_answer_and_not_the_one_at_entry():
    # A short of 4.8 BTC is 240,000 at entry and 262,000 when it is liquidated: in the second bracket.
    size, value = Fraction("-4.8"), -240_000
    price = liquidation_price(24_000, size, value, 1, THREE)
    assert abs(size) * price > 250_000
    assert price == Fraction(264_000 + 1_250) / (Fraction("4.8") * Fraction("1.01"))
    # And a long of 5.5 BTC is 275,000 at entry and 247,000 then: in the first.
    size, value = Fraction("5.5"), 275_000
    price = liquidation_price(27_500, size, value, 1, THREE)
    assert abs(size) * price < 250_000
    assert price == Fraction(247_500) / (Fraction("5.5") * Fraction("0.995"))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("floor", [250_000, 1_000_000])
def test_there_is_no_jump_at_the_border_of_a_bracket(sign, floor):
    size, value = sign * Fraction(floor, 50_000), sign * floor
    needed = maintenance_margin(THREE, floor)
    assert liquidation_price(needed, size, value, 1, THREE) == 50_000
    for equity in (needed - Fraction(1, 1000), needed + Fraction(1, 1000)):
        beside = liquidation_price(equity, size, value, 1, THREE)
        assert 0 < abs(beside - 50_000) < Fraction(1, 900) / abs(size)


@given(scale=brackets(), equity=AMOUNTS, size=SIZES, price=st.integers(1, 10**7), step=st.integers(1, 10**4))
def test_at_the_answer_equity_is_the_maintenance_margin(scale, equity, size, price, step):
    value = size * price * step
    found = liquidation_price(equity, size, value, step, scale)
    if found is None:  # a long that can lose everything, a short that has lost more than everything
        assert equity >= value if size > 0 else equity <= value
        return
    assert found > 0
    notional = abs(size) * found * step
    assert equity_at(found, equity, size, value, step) == maintenance_margin(scale, notional)


@given(scale=brackets(), equity=AMOUNTS, size=SIZES, price=st.integers(1, 10**7), step=st.integers(1, 10**4))
def test_the_safe_tick_is_the_last_that_is_not_liquidated(scale, equity, size, price, step):
    value = size * price * step
    found = liquidation_price(equity, size, value, step, scale)
    if found is None:
        return
    tick = safe_tick(found, size)

    def is_safe(ticks):
        needed = scale.maintenance(abs(size) * ticks * step)
        return equity_at(ticks, equity, size, value, step) >= needed

    assert tick == 0 or is_safe(tick)
    beyond = tick - 1 if size > 0 else tick + 1
    assert beyond < 1 or not is_safe(beyond)


@given(
    scale=brackets(), cash=st.integers(0, 10**13), size=SIZES, price=st.integers(1, 10**7),
    mark=st.integers(1, 10**7), step=st.integers(10, 10**4),
)  # fmt: skip
def test_the_engine_comes_to_the_same_tick_or_to_the_next_safer_one(scale, cash, size, price, mark, step):
    value = size * price * step
    holding = health.Holding(health.Terms(1, step, scale, TAKER_FEE, 0), size, value, mark)
    state = health.Health(cash, [holding])
    if state.must_liquidate:
        return
    found = liquidation_price(cash, size, value, step, scale)
    own = 0 if found is None else safe_tick(found, size)
    # The engine begins with a margin that is rounded up to a unit.
    engine = health.liquidation_price(state, holding) or 0
    assert 0 <= (engine - own if size > 0 else own - engine) <= 1
    bankrupt = bankruptcy_price(cash, size, value, step, TAKER_FEE)
    own = 1 if bankrupt is None else max(1, safe_tick(bankrupt, size))
    assert health.bankruptcy_price(state, holding) == own


# ---- where there is no price ----


def test_a_long_that_is_paid_in_full_is_never_liquidated():
    assert liquidation_price(50_000, 1, 50_000, 1, HALF_PER_CENT) is None
    assert liquidation_price(49_999, 1, 50_000, 1, HALF_PER_CENT) is not None
    assert bankruptcy_price(50_000, 1, 50_000, 1, TAKER_FEE) is None


def test_a_short_that_has_lost_more_than_it_was_sold_for_has_no_price():
    assert liquidation_price(-50_000, -1, -50_000, 1, HALF_PER_CENT) is None
    assert bankruptcy_price(-50_000, -1, -50_000, 1, TAKER_FEE) is None


@pytest.mark.parametrize("size", [1, -1])
def test_nothing_behind_a_position_means_it_is_past_its_price_already(size):
    price = liquidation_price(0, size, size * 50_000, 1, HALF_PER_CENT)
    assert (price > 50_000) == (size > 0)


def test_no_position_has_no_price():
    with pytest.raises(AssertionError):
        liquidation_price(5_000, 0, 0, 1, HALF_PER_CENT)
    with pytest.raises(AssertionError):
        bankruptcy_price(5_000, 0, 0, 1, TAKER_FEE)


# ---- bankruptcy ----


def test_the_bankruptcy_price_leaves_the_closing_fee():
    assert bankruptcy_price(5_000, 1, 50_000, 1, 0) == 45_000
    assert bankruptcy_price(5_000, -1, -50_000, 1, 0) == 55_000
    assert cents(bankruptcy_price(5_000, 1, 50_000, 1, TAKER_FEE)) == Fraction("45022.51")
    assert cents(bankruptcy_price(5_000, -1, -50_000, 1, TAKER_FEE)) == Fraction("54972.51")


@given(equity=AMOUNTS, size=SIZES, price=st.integers(1, 10**7), step=st.integers(1, 10**4))
def test_closed_there_nothing_is_left(equity, size, price, step):
    value = size * price * step
    found = bankruptcy_price(equity, size, value, step, TAKER_FEE)
    if found is None:
        return
    fee = abs(size) * found * step * Fraction(TAKER_FEE, MILLION)
    assert equity_at(found, equity, size, value, step) == fee
    tick = safe_tick(found, size)
    fee = fee_units(abs(size) * tick * step, TAKER_FEE)
    assert equity_at(tick, equity, size, value, step) >= fee


@pytest.mark.parametrize(
    ("price", "size", "tick"),
    [("10", 1, 10), ("10", -1, 10), ("10.01", 1, 11), ("10.99", -1, 10), ("0.3", -1, 0), ("0.3", 1, 1)],
)
def test_ticks_are_rounded_to_the_side_on_which_all_is_well(price, size, tick):
    assert safe_tick(Fraction(price), size) == tick
