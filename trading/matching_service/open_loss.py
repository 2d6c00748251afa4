"""What trades cost somebody at the moment at which they are made: the difference to the mark price."""

from collections.abc import Iterable

from trading.matching.events import Traded, Uncrossed
from trading.matching.terms import BUY
from trading.perpetual_settlement import PerpetualFill


def lost_at(mark: int, account_id: int, fills: Iterable[PerpetualFill]) -> int:
    """In ticks x lots: bought above the mark price or sold below it. Negative: a profit at once."""
    return sum(_lost(mark, account_id, fill.event) for fill in fills)


def _lost(mark: int, account_id: int, trade: Traded | Uncrossed) -> int:
    if account_id not in (trade.taker_account_id, trade.maker_account_id):
        return 0
    buys = (account_id == trade.taker_account_id) == (trade.taker_side == BUY)
    above = trade.quantity * (trade.price - mark)
    return above if buys else -above
