"""The price feed while a replay has the market."""

import time
from datetime import timedelta
from decimal import Decimal

from common import clock
from common.money import EXACT
from market.models import Market, Price
from market.services import set_price

LEASE = timedelta(seconds=10)
RENEW_NS = 500_000_000


class LeasedPrice:
    """Keeps the price tick and the liquidity agents away from a market by renewing the lease of its price."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._index = Decimal(0)  # none yet
        self._renewed_ns = 0

    def follow(self, middle: Decimal) -> None:
        """The recorded middle, in ticks; written twice a second at most."""
        self._index = EXACT.multiply(self._market.tick, middle)
        self.renew()

    def set(self, index: Decimal) -> None:
        """At once."""
        self._index = index
        self._write()

    def renew(self) -> None:
        if self._index and time.monotonic_ns() - self._renewed_ns >= RENEW_NS:
            self._write()

    def give_back(self) -> None:
        if self._index:
            set_price(self._market.symbol, self._index, Price.Source.REPLAY, None)

    def _write(self) -> None:
        set_price(self._market.symbol, self._index, Price.Source.REPLAY, clock.now() + LEASE)
        self._renewed_ns = time.monotonic_ns()
