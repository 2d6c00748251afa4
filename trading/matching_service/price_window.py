"""The trade prices of the last moments, for the circuit breaker."""

from collections import deque
from collections.abc import Iterable

from trading.matching.terms import MILLION
from trading.matching_service.market_row import Breaker


class PriceWindow:
    """Lowest and highest trade price of each moment, in ticks; moments in milliseconds."""

    def __init__(self) -> None:
        self._moments: deque[tuple[int, int, int]] = deque()

    def add(self, now: int, prices: Iterable[int]) -> None:
        known = list(prices)
        if known:
            self._moments.append((now, min(known), max(known)))

    def clear(self) -> None:
        self._moments.clear()

    def has_moved(self, breaker: Breaker, now: int, newest: Iterable[int]) -> bool:
        """Whether the prices within the window, the newest included, are too far apart. Forgets older ones."""
        while self._moments and self._moments[0][0] <= now - breaker.window_ms:
            self._moments.popleft()
        prices = [price for _, low, high in self._moments for price in (low, high)] + list(newest)
        return bool(prices) and max(prices) * MILLION > min(prices) * (MILLION + breaker.move)
