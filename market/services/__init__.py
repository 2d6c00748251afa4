"""The writes of the market app, one verb each."""

from market.services.record_prints import record_prints
from market.services.set_price import set_price

__all__ = ["record_prints", "set_price"]
