"""The venue's book as its depth messages tell it: pure."""

from decimal import Decimal

from sortedcontainers import SortedDict

from agents.replay.recording import Depth
from trading.matching.terms import BUY, SELL

LevelKey = tuple[str, int]  # side, ticks


class RecordedBook:
    """Without an opening snapshot: it knows the levels that have changed since the recording began."""

    def __init__(self) -> None:
        self.levels: dict[str, SortedDict] = {BUY: SortedDict(), SELL: SortedDict()}
        self.gaps = 0
        self._last_id: int | None = None

    def apply(self, message: Depth) -> list[LevelKey]:
        """The levels that the message names. A message that does not follow on from the one before is a gap."""
        if self._last_id is not None and message.first_id != self._last_id + 1:
            self.gaps += 1
        self._last_id = message.last_id
        named = []
        for side, levels in ((BUY, message.bids), (SELL, message.asks)):
            for price, quantity in levels:
                if quantity:
                    self.levels[side][price] = quantity
                else:
                    self.levels[side].pop(price, None)
                named.append((side, price))
        return named

    def quantity(self, side: str, price: int) -> int:
        return self.levels[side].get(price, 0)

    def keys(self) -> list[LevelKey]:
        return [(side, price) for side, levels in self.levels.items() for price in levels]

    def best(self, side: str) -> int | None:
        levels = self.levels[side]
        return levels.peekitem(-1 if side == BUY else 0)[0] if levels else None

    def middle(self) -> Decimal | None:
        """Between best bid and best ask, in ticks, of which it may be a half; None until both are known."""
        bid, ask = self.best(BUY), self.best(SELL)
        return None if bid is None or ask is None else Decimal(bid + ask) / 2
