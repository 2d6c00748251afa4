"""The mark price: what positions are valued at, so that no single trade can liquidate anybody. Pure."""

from decimal import ROUND_HALF_UP, Decimal
from statistics import median

from common.money import FLOORING

FURTHEST_BASIS = Decimal("0.01")  # of the index


def mark_price(
    index: Decimal, last_funding_rate: Decimal, to_funding_seconds: int, interval_seconds: int,
    average_basis: Decimal | None, last_trade: Decimal | None, tick: Decimal,
) -> Decimal:  # fmt: skip
    """The middle one of three prices, to the nearest tick (half up), at least one tick:

    - index x (1 + last funding rate x time to funding / interval)
    - index + average_basis, the moving average of (mid - index), no further from the index than 1%: beyond that a
      thin book says more about who quotes in it than about the price
    - the last trade

    The index stands in for what is missing (a book without two sides, a market without a trade). A median of the
    two that are left would be their mean, and one stray trade could move the mark half the way.
    Source: Binance futures, "Mark price in USDⓈ-margined futures contracts"; issue "Margin, perpetuals".
    """
    assert index > 0 and interval_seconds > 0 and tick > 0
    left = min(max(to_funding_seconds, 0), interval_seconds)
    carried = FLOORING.divide(index * last_funding_rate * left, Decimal(interval_seconds))
    bound = index * FURTHEST_BASIS
    basis = min(max(average_basis or Decimal(0), -bound), bound)
    prices = (
        index + carried,
        index + basis,
        index if last_trade is None else last_trade,
    )
    return max(to_nearest_tick(median(prices), tick), tick)


def to_nearest_tick(price: Decimal, tick: Decimal) -> Decimal:
    """The nearest multiple of the tick, half up."""
    return FLOORING.divide(price, tick).quantize(Decimal(1), ROUND_HALF_UP) * tick
