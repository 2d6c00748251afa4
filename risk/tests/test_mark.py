"""The mark price: the middle one of three."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from risk.mark import mark_price

D = Decimal
INTERVAL = 8 * 3600
TICK = D("0.1")
PRICES = st.decimals(D("0.1"), D(10**6), places=1)
RATES = st.decimals(D("-0.01"), D("0.01"), places=8)
BASES = st.none() | st.decimals(D(-1000), D(1000), places=4)


def mark(index="50000", rate="0", left=INTERVAL, basis=None, last=None, tick=TICK):
    as_number = [None if text is None else D(text) for text in (basis, last)]
    return mark_price(D(index), D(rate), left, INTERVAL, *as_number, tick)


def test_it_is_the_middle_one_of_funding_price_basis_price_and_last_trade():
    # 50,000 x (1 + 0.001 x 1/2) = 50,025; 50,000 + 40 = 50,040
    half = INTERVAL // 2
    assert mark(rate="0.001", left=half, basis="40", last="50010") == D(50_025)
    assert mark(rate="0.001", left=half, basis="40", last="50030") == D(50_030)
    assert mark(rate="0.001", left=half, basis="40", last="60000") == D(50_040)


def test_a_stray_trade_does_not_move_it():
    assert mark(basis="5", last="25000") == 50_000
    assert mark(basis="5", last="100000") == 50_005
    assert mark(basis=None, last="100000") == 50_000


def test_the_index_stands_in_for_what_is_missing():
    assert mark(rate="0.001", basis="5") == 50_005
    assert mark(rate="0.001", last="50020") == 50_020
    assert mark(rate="0.001", last="50060") == 50_050


def test_with_an_index_alone_it_is_the_index():
    assert mark() == 50_000


def test_what_the_funding_adds_fades_until_it_is_paid():
    times = (INTERVAL, INTERVAL // 2, 0, -60)
    marks = [mark(rate="-0.002", left=left, basis="-500") for left in times]
    assert marks == [49_900, 49_950, 50_000, 50_000]
    assert mark(rate="-0.002", left=2 * INTERVAL, basis="-500") == 49_900


def test_it_is_in_whole_ticks_and_at_least_one():
    assert mark(basis="0.05", last="50000.1") == D("50000.1")
    assert mark(basis="0.04", last="50000.1") == D("50000.0")
    assert mark(index="0.5", basis="-3", last="0.1", tick=D("0.5")) == D("0.5")
    assert mark(index="0.01", tick=D("0.1")) == D("0.1")


@given(index=PRICES, rate=RATES, left=st.integers(-60, 2 * INTERVAL), basis=BASES, last=st.none() | PRICES)
def test_a_last_trade_alone_never_takes_it_out_of_what_the_others_say(index, rate, left, basis, last):
    found = mark_price(index, rate, left, INTERVAL, basis, last, TICK)
    funding = index * (1 + rate * D(min(max(left, 0), INTERVAL)) / INTERVAL)
    others = (index + (basis or 0), funding)
    assert found % TICK == 0
    assert min(others) - TICK <= found <= max(*others, TICK) + TICK or found == TICK
