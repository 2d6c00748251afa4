"""The writes of the market app, one verb each."""

from market.services.record_prints import lock_candle_progress, make_candle_progress, record_prints
from market.services.set_price import set_price
from market.services.tick_prices import Tick, tick_prices

__all__ = [
    "Tick",
    "lock_candle_progress",
    "make_candle_progress",
    "record_prints",
    "set_price",
    "tick_prices",
]
