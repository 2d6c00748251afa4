"""Books in memory, brought to the newest sequence from the log."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from common.errors import ErrorCode, Refused
from common.money import to_steps
from trading.matching.book import Book
from trading.matching.events import Event
from trading.matching.level import BookOrder
from trading.matching_service import log

# Further behind than this, loading the open orders is quicker than walking the log.
MOST_EVENTS_TO_WALK = 20_000

_OPEN_ORDERS = """
    SELECT o.id, o.account_id, o.side, o.price, o.quantity,
           o.quantity - o.filled_quantity - o.cancelled_quantity, o.post_only, o.self_trade_prevention,
           m.tick, m.lot, b.sequence, b.epoch, b.market_id
    FROM trading_bookstate b
    JOIN market_market m ON m.id = b.market_id
    LEFT JOIN trading_order o ON o.market_id = b.market_id AND o.status IN ('open', 'partially_filled')
    WHERE m.symbol = %s
    ORDER BY o.priority"""

# One statement, so that epoch, sequence and events are of one moment.
_EVENTS = f"""
    SELECT b.epoch, b.sequence, e.sequence, e.trade_id, e.created_at, {", ".join(f"e.{c}" for c in log.COLUMNS)}
    FROM trading_bookstate b
    LEFT JOIN LATERAL (
        SELECT * FROM trading_orderevent WHERE market_id = b.market_id AND sequence > %s
        ORDER BY sequence LIMIT {MOST_EVENTS_TO_WALK + 1}
    ) e ON true
    WHERE b.market_id = %s
    ORDER BY e.sequence"""


class LoggedEvent(NamedTuple):
    """An event with what the log knows of it beyond the core."""

    sequence: int
    trade_id: int | None
    created_at: datetime
    event: Event


@dataclass(slots=True)
class WarmBook:
    """A book of one epoch (a BookState row's life), and the balance rows known to exist."""

    book: Book
    epoch: UUID
    market_id: int
    known_balances: set[tuple[int, str]] = field(default_factory=set)


def load(cursor: Any, symbol: str) -> WarmBook:
    """The book from its open orders, oldest place first, in one consistent look. Raises UNKNOWN_SYMBOL."""
    cursor.execute(_OPEN_ORDERS, (symbol,))
    rows = cursor.fetchall()
    if not rows:
        raise Refused(ErrorCode.UNKNOWN_SYMBOL)
    sequence, epoch, market_id = rows[0][10:13]
    book = Book(sequence)
    for row in rows:
        if row[0] is not None:
            book.add(_order(row))
    return WarmBook(book, epoch, market_id)


def catch_up(cursor: Any, warm: WarmBook) -> list[LoggedEvent] | None:
    """Apply what the log has beyond the book, and return it.

    None if the book is of no use any more: of another epoch, ahead of the log, or too far behind.
    """
    cursor.execute(_EVENTS, (warm.book.sequence, warm.market_id), prepare=True)
    rows = cursor.fetchall()
    if (
        not rows
        or rows[0][0] != warm.epoch
        or rows[0][1] < warm.book.sequence
        or len(rows) > MOST_EVENTS_TO_WALK
    ):
        return None
    news = [LoggedEvent(row[2], row[3], row[4], log.from_row(row[5:])) for row in rows if row[2] is not None]
    for logged in news:
        assert logged.sequence == warm.book.sequence + 1, f"the event log has a gap before {logged.sequence}"
        warm.book.apply(logged.event)
    return news


def _order(row: Sequence[Any]) -> BookOrder:
    tick, lot = row[8], row[9]
    return BookOrder(
        order_id=row[0], account_id=row[1], side=row[2], price=to_steps(row[3], tick),
        quantity=to_steps(row[4], lot), open=to_steps(row[5], lot), post_only=row[6], self_trade_prevention=row[7],
    )  # fmt: skip
