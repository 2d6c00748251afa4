"""A look through the whole recording before anything is touched: is it sound, and what will it take?"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from agents.replay.recorded_book import RecordedBook
from agents.replay.recording import Depth, Message, RecordedTrade
from trading.matching.terms import BUY, SELL


@dataclass(slots=True)
class Survey:
    """`most_bids` and `traded_cost` in ticks x lots, `most_asks` and `traded` in lots, `first_middle` in ticks."""

    kinds: Counter[str] = field(default_factory=Counter)
    first_ns: int = 0
    last_ns: int = 0
    most_bids: int = 0
    most_asks: int = 0
    traded: int = 0
    traded_cost: int = 0
    first_middle: Decimal | None = None

    @property
    def messages(self) -> int:
        return sum(self.kinds.values())


def survey(messages: Iterable[Message]) -> Survey:
    """Raises BadRecording, as reading does."""
    found, book = Survey(), RecordedBook()
    totals = {BUY: 0, SELL: 0}
    for message in messages:
        found.first_ns = found.first_ns or message.received_ns
        found.last_ns = max(found.last_ns, message.received_ns)
        found.kinds[type(message).__name__] += 1
        if isinstance(message, Depth):
            _add(totals, book, message)
            found.first_middle = found.first_middle or book.middle()
            found.most_bids = max(found.most_bids, totals[BUY])
            found.most_asks = max(found.most_asks, totals[SELL])
        elif isinstance(message, RecordedTrade):
            found.traded += message.quantity
            found.traded_cost += message.price * message.quantity
    return found


def _add(totals: dict[str, int], book: RecordedBook, message: Depth) -> None:
    """Keep the value of all bids and the quantity of all asks as the message changes them."""
    named = {(BUY, price) for price, _ in message.bids} | {(SELL, price) for price, _ in message.asks}
    before = {(side, price): book.quantity(side, price) for side, price in named}
    book.apply(message)
    for (side, price), quantity in before.items():
        weight = price if side == BUY else 1
        totals[side] += (book.quantity(side, price) - quantity) * weight
