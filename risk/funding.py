"""What the longs of a perpetual pay the shorts, and the figures that it is counted from. Pure.

Prices in quote per base, rates as shares (0.0001 is 0.01%), all `Decimal`. The premium and the rate are those of
the large venues (Binance futures: "Introduction to Binance futures funding rates"); there and here an average
premium of -0.00184 with an interest of 0.0001 gives -0.00134.
"""

from collections.abc import Iterable
from decimal import ROUND_DOWN, Decimal

from common.money import FLOORING

DAMPER = Decimal("0.0005")  # how far the interest may pull the rate away from the average premium
RATE_STEP = Decimal("1E-8")
PREMIUM_STEP = Decimal("1E-10")
PRICE_STEP = Decimal("1E-18")


def impact_price(levels: Iterable[tuple[Decimal, Decimal]], notional: Decimal) -> Decimal | None:
    """The average price of a market order worth `notional` in quote; None if the book has less than that.

    levels: (price, quantity) of the side that it trades with, best first. Rounded down to 18 decimals.
    """
    assert notional > 0
    missing, bought = notional, Decimal(0)
    for price, quantity in levels:
        worth = FLOORING.multiply(price, quantity)
        if worth >= missing:
            bought += FLOORING.divide(missing, price)
            return FLOORING.divide(notional, bought).quantize(PRICE_STEP, ROUND_DOWN)
        missing -= worth
        bought += quantity
    return None


def premium(impact_bid: Decimal | None, impact_ask: Decimal | None, index: Decimal) -> Decimal:
    """[max(0, impact bid - index) - max(0, index - impact ask)] / index, to 10 decimals toward zero.

    A side whose impact price there is not, adds nothing: a thin book is no reason to pay.
    """
    assert index > 0
    above = max(Decimal(0), impact_bid - index) if impact_bid is not None else Decimal(0)
    below = max(Decimal(0), index - impact_ask) if impact_ask is not None else Decimal(0)
    return FLOORING.divide(above - below, index).quantize(PREMIUM_STEP, ROUND_DOWN)


def funding_rate(average_premium: Decimal, interest: Decimal, cap: Decimal) -> Decimal:
    """average premium + clamp(interest - average premium, -0.0005, 0.0005), within -cap to cap.

    Positive: longs pay shorts. To 8 decimals, toward zero: rounding never makes anybody pay.
    """
    assert cap >= 0
    pull = clamped(interest - average_premium, DAMPER)
    return clamped(average_premium + pull, cap).quantize(RATE_STEP, ROUND_DOWN)


def clamped(amount: Decimal, bound: Decimal) -> Decimal:
    """The amount, or the nearer of -bound and bound."""
    return min(max(amount, -bound), bound)
