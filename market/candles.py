"""Candles, from trades, by arithmetic alone: no database, no clock.

A trade is a bar of its own, and two bars of one interval merge into one. Merging is associative, so candles
may be made in any number of steps, and what is stored can be merged with what has not been stored yet.
"Earlier" always means a lower sequence of the market, which is the order in which trades happened.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from common.money import EXACT, FLOORING

# Name in the API -> seconds. All of them divide a day, so that every interval opens at a round UTC time.
INTERVALS = {"1s": 1, "1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "4h": 14_400, "1d": 86_400}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO = Decimal(0)
_PER_CENT_STEP = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Print:
    """A trade as the candles see it. `cost` is price x quantity, in quote."""

    price: Decimal
    quantity: Decimal
    cost: Decimal
    created_at: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class Bar:
    """Open, high, low and close price, volume in base, volume in quote, number of trades."""

    open_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """A market over a stretch of time. `change` is last - open, `change_percent` cut to three decimals."""

    open: Decimal
    high: Decimal
    low: Decimal
    last: Decimal
    volume: Decimal
    quote_volume: Decimal
    change: Decimal
    change_percent: Decimal
    trades: int


def floor_time(moment: datetime, seconds: int) -> datetime:
    """When the interval of so many seconds that holds this moment opened."""
    return moment - (moment - _EPOCH) % timedelta(seconds=seconds)


def ceil_time(moment: datetime, seconds: int) -> datetime:
    """The first opening at or after this moment."""
    return moment + (_EPOCH - moment) % timedelta(seconds=seconds)


def bar_of(print_: Print) -> Bar:
    """One trade as a bar, opening when the trade happened."""
    price = print_.price
    return Bar(print_.created_at, price, price, price, price, print_.quantity, print_.cost, 1)


def merge(earlier: Bar, later: Bar) -> Bar:
    """The two as one bar, which opens when `earlier` does."""
    return Bar(
        open_time=earlier.open_time,
        open=earlier.open,
        high=max(earlier.high, later.high),
        low=min(earlier.low, later.low),
        close=later.close,
        volume=EXACT.add(earlier.volume, later.volume),
        quote_volume=EXACT.add(earlier.quote_volume, later.quote_volume),
        trades=earlier.trades + later.trades,
    )


def fold(bars: Iterable[Bar], seconds: int) -> list[Bar]:
    """Bars, earliest first, made into those of a coarser interval; the result is in order of opening.

    A bar belongs to the interval in which it opens, even if a clock that was set back made that one older
    than its neighbours.
    """
    folded: dict[datetime, Bar] = {}
    for bar in bars:
        opening = floor_time(bar.open_time, seconds)
        known = folded.get(opening)
        folded[opening] = merge(known, bar) if known else replace(bar, open_time=opening)
    return [folded[opening] for opening in sorted(folded)]


def flat(open_time: datetime, price: Decimal) -> Bar:
    """An interval without a trade."""
    return Bar(open_time, price, price, price, price, _ZERO, _ZERO, 0)


def contiguous(bars: Sequence[Bar], seconds: int, start: datetime, end: datetime, limit: int) -> list[Bar]:
    """At most `limit` bars that open from start to end, with no interval missing.

    bars: in order of opening. An interval without a trade is flat at the close before it; before the first
    trade of a market there is nothing to be flat at, and so there is no bar.
    """
    step = timedelta(seconds=seconds)
    inside = {bar.open_time: bar for bar in bars if start <= bar.open_time <= end}
    before = [bar for bar in bars if bar.open_time < start]
    if before:
        opening, close = ceil_time(start, seconds), before[-1].close
    elif inside:
        opening, close = next(iter(inside)), _ZERO
    else:
        return []
    filled: list[Bar] = []
    while opening <= end and len(filled) < limit:
        bar = inside.get(opening) or flat(opening, close)
        filled.append(bar)
        opening, close = opening + step, bar.close
    return filled


def statistics(bars: Iterable[Bar]) -> Statistics | None:
    """What happened over these bars, earliest first; None if there are none."""
    whole: Bar | None = None
    for bar in bars:
        whole = merge(whole, bar) if whole else bar
    if whole is None:
        return None
    change = EXACT.subtract(whole.close, whole.open)
    percent = FLOORING.divide(EXACT.multiply(change, Decimal(100)), whole.open)
    return Statistics(
        open=whole.open,
        high=whole.high,
        low=whole.low,
        last=whole.close,
        volume=whole.volume,
        quote_volume=whole.quote_volume,
        change=change,
        change_percent=percent.quantize(_PER_CENT_STEP, context=FLOORING),
        trades=whole.trades,
    )


def quiet(price: Decimal) -> Statistics:
    """The statistics of a stretch without a trade after a last trade at this price."""
    return Statistics(price, price, price, price, _ZERO, _ZERO, _ZERO, _ZERO, 0)
