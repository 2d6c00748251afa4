"""The index of a perpetual: the median of what its underlying's sources say. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from common.money import FLOORING

_STEP = Decimal("1E-18")


class SourcePrice(NamedTuple):
    """What a source said, and when it was so."""

    source: str
    price: Decimal
    at: datetime


class Index(NamedTuple):
    """sources: of those that were counted, by name."""

    price: Decimal
    sources: tuple[str, ...]


def index_of(said: Iterable[SourcePrice], now: datetime, stale_after: timedelta) -> Index | None:
    """The median of what was said no longer than `stale_after` ago; None if nothing was.

    Of an even number the mean of the middle two, down to 18 decimals. Nothing is left out for being far from the
    others or from what it was: of three, a median is moved by one no further than to the next.
    """
    fresh = sorted((each.price, each.source) for each in said if now - each.at <= stale_after)
    if not fresh:
        return None
    middle = len(fresh) // 2
    price = fresh[middle][0]
    if len(fresh) % 2 == 0:
        mean = FLOORING.divide(FLOORING.add(price, fresh[middle - 1][0]), Decimal(2))
        price = mean.quantize(_STEP, ROUND_DOWN, FLOORING)
    return Index(price, tuple(sorted(source for _, source in fresh)))
