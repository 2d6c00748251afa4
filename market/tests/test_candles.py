"""Candle arithmetic against a naive reference."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.money import EXACT
from market.candles import (
    INTERVALS,
    Print,
    bar_of,
    ceil_time,
    contiguous,
    flat,
    floor_time,
    fold,
    merge,
    quiet,
    statistics,
)

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def trade(seconds: float, price: str, quantity: str = "1", sequence: int = 1) -> Print:
    return Print(Decimal(price), Decimal(quantity), Decimal(price) * Decimal(quantity), at(seconds), sequence)


def bars(*prints: Print):
    return [bar_of(print_) for print_ in prints]


@st.composite
def days_of_trades(draw):
    """Trades in order of sequence, of any size, not always in order of time: clocks are set back."""
    rows = draw(
        st.lists(
            st.tuples(st.integers(-90_000, 90_000), st.integers(1, 10**21), st.integers(1, 10**21)),
            max_size=40,
        )
    )
    return [
        Print(
            Decimal(price).scaleb(-8, EXACT),
            Decimal(quantity).scaleb(-10, EXACT),
            Decimal(price * quantity).scaleb(-18, EXACT),
            NOON + timedelta(milliseconds=ms * 977),
            sequence,
        )
        for sequence, (ms, price, quantity) in enumerate(rows, 1)
    ]


def naive_candles(prints, seconds):
    """By whole seconds since 1970, with Python's own integers and fractions."""
    candles = {}
    for print_ in prints:
        opening = int(print_.created_at.timestamp()) // seconds * seconds
        candles.setdefault(opening, []).append(print_)
    scale = 10**18
    return [
        (
            datetime.fromtimestamp(opening, UTC),
            inside[0].price,
            max(p.price for p in inside),
            min(p.price for p in inside),
            inside[-1].price,
            sum(int(p.quantity * scale) for p in inside),
            sum(int(p.cost.scaleb(18, EXACT)) for p in inside),
            len(inside),
        )
        for opening, inside in sorted(candles.items())
    ]


def as_rows(candles):
    return [
        (
            c.open_time,
            c.open,
            c.high,
            c.low,
            c.close,
            int(c.volume.scaleb(18, EXACT)),
            int(c.quote_volume.scaleb(18, EXACT)),
            c.trades,
        )
        for c in candles
    ]


@given(days_of_trades(), st.sampled_from(sorted(INTERVALS.values())))
def test_folded_candles_equal_a_naive_count(prints, seconds):
    assert as_rows(fold(bars(*prints), seconds)) == naive_candles(prints, seconds)


@given(days_of_trades(), st.sampled_from(sorted(INTERVALS.values())), st.data())
def test_however_the_trades_are_cut_into_chunks_the_candles_are_the_same(prints, seconds, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(prints)), max_size=5)))
    stored: dict[datetime, object] = {}
    for start, end in zip([0, *cuts], [*cuts, len(prints)], strict=True):
        for bar in fold(bars(*prints[start:end]), seconds):
            known = stored.get(bar.open_time)
            stored[bar.open_time] = merge(known, bar) if known else bar
    assert [stored[key] for key in sorted(stored)] == fold(bars(*prints), seconds)


@given(days_of_trades())
def test_no_volume_is_lost_or_made(prints):
    for seconds in INTERVALS.values():
        candles = fold(bars(*prints), seconds)
        assert sum(int(c.volume.scaleb(18, EXACT)) for c in candles) == sum(
            int(p.quantity.scaleb(18, EXACT)) for p in prints
        )
        assert sum(c.trades for c in candles) == len(prints)


@given(st.integers(0, 4 * 10**12), st.sampled_from(sorted(INTERVALS.values())))
def test_every_moment_is_between_its_floor_and_its_ceiling(ms, seconds):
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    floor, ceiling = floor_time(moment, seconds), ceil_time(moment, seconds)
    assert floor <= moment <= ceiling
    assert ceiling - floor in (timedelta(0), timedelta(seconds=seconds))
    assert floor.timestamp() % seconds == ceiling.timestamp() % seconds == 0


def test_each_interval_is_a_whole_number_of_the_one_before_it():
    sizes = list(INTERVALS.values())
    assert all(coarse % fine == 0 for fine, coarse in itertools.pairwise(sizes))
    assert list(INTERVALS) == ["1s", "1m", "5m", "15m", "1h", "4h", "1d"]


def test_a_trade_on_the_boundary_belongs_to_the_candle_that_opens():
    first, second = fold(bars(trade(59.999, "10"), trade(60, "11")), 60)
    assert (first.close, second.open) == (Decimal(10), Decimal(11))
    assert second.open_time == at(60)


def test_minutes_without_a_trade_are_flat_at_the_close_before_them():
    candles = fold(bars(trade(0, "10"), trade(30, "12"), trade(200, "9")), 60)
    filled = contiguous(candles, 60, at(0), at(299), 100)
    assert [(bar.open, bar.close, bar.trades) for bar in filled] == [
        (10, 12, 2),
        (12, 12, 0),
        (12, 12, 0),
        (9, 9, 1),
        (9, 9, 0),
    ]


def test_a_list_that_begins_in_a_quiet_stretch_is_flat_at_what_was_before_it():
    candles = fold(bars(trade(0, "10")), 60)
    assert contiguous(candles, 60, at(61), at(180), 100) == [
        flat(at(120), Decimal(10)),
        flat(at(180), Decimal(10)),
    ]


def test_before_the_first_trade_of_a_market_there_is_no_candle():
    candles = fold(bars(trade(120, "10")), 60)
    assert [bar.open_time for bar in contiguous(candles, 60, at(-600), at(180), 100)] == [at(120), at(180)]
    assert contiguous([], 60, at(0), at(600), 100) == []
    assert contiguous(candles, 60, at(-600), at(100), 100) == []


def test_the_limit_counts_flat_candles_too():
    candles = fold(bars(trade(0, "10"), trade(600, "11")), 60)
    assert [bar.trades for bar in contiguous(candles, 60, at(0), at(3600), 3)] == [1, 0, 0]


def test_statistics_of_a_fall_are_negative_and_cut_not_rounded_up():
    figures = statistics(bars(trade(0, "30", "2"), trade(1, "40"), trade(2, "20", "0.5")))
    assert (figures.open, figures.high, figures.low, figures.last) == (30, 40, 20, 20)
    assert (figures.volume, figures.quote_volume, figures.trades) == (Decimal("3.5"), 110, 3)
    assert (figures.change, figures.change_percent) == (-10, Decimal("-33.333"))


def test_there_are_no_statistics_of_nothing():
    assert statistics([]) is None
    assert (quiet(Decimal(7)).last, quiet(Decimal(7)).volume) == (7, 0)


@pytest.mark.parametrize("largest", ["9" * 19])
def test_the_largest_amounts_add_up_exactly(largest):
    smallest = Decimal(1).scaleb(-18, EXACT)
    one = Print(Decimal(largest), Decimal(largest), Decimal(largest), at(0), 1)
    other = Print(Decimal(largest), smallest, smallest, at(1), 2)
    (candle,) = fold(bars(one, other), 60)
    assert f"{candle.volume:f}" == largest + "." + "0" * 17 + "1"
