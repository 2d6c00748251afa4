"""The price tick and what follows from it: prices from outside, and then the marks of the perpetuals."""

from market.services import Tick, tick_prices
from trading.services.mark_prices import mark_prices


def refresh_prices() -> Tick:
    """What the tick did (market.services.tick_prices). Safe to run twice at once."""
    tick = tick_prices()
    mark_prices()
    return tick
