"""Books in memory, brought to the newest sequence from the log."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from common.clock import to_ms
from common.errors import ErrorCode, Refused
from trading.matching.book import Book
from trading.matching.events import Event, StatusChanged, Traded, Uncrossed
from trading.matching_service import log
from trading.matching_service.loading import OPEN_ORDERS, order_of, restore_market
from trading.matching_service.price_window import PriceWindow

# Further behind than this, loading the open orders is quicker than walking the log.
MOST_EVENTS_TO_WALK = 20_000
MOST_PRINTS = 10_000

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

_PRINTS = f"""
    SELECT t.created_at, t.price / m.tick FROM trading_bookstate b
    JOIN market_market m ON m.id = b.market_id
    CROSS JOIN LATERAL (
        SELECT * FROM trading_trade WHERE market_id = b.market_id ORDER BY sequence DESC LIMIT {MOST_PRINTS}
    ) t
    WHERE b.market_id = %s AND t.sequence <= %s AND t.created_at >= coalesce(b.opened_at, '-infinity')
      AND t.created_at > now() - m.breaker_window_seconds * interval '1 second'
    ORDER BY t.sequence"""


class LoggedEvent(NamedTuple):
    """An event with what the log knows of it beyond the core."""

    sequence: int
    trade_id: int | None
    created_at: datetime
    event: Event


@dataclass(slots=True)
class WarmBook:
    """A book of one epoch (a BookState row's life), the balance rows known to exist, and the latest prices."""

    book: Book
    epoch: UUID
    market_id: int
    known_balances: set[tuple[int, str]] = field(default_factory=set)
    prints: PriceWindow = field(default_factory=PriceWindow)


def load(cursor: Any, symbol: str) -> WarmBook:
    """The book from its open orders, oldest place first, in one consistent look. Raises UNKNOWN_SYMBOL."""
    cursor.execute(OPEN_ORDERS, (symbol,))
    rows = cursor.fetchall()
    if not rows:
        raise Refused(ErrorCode.UNKNOWN_SYMBOL)
    book = Book()
    epoch, market_id = restore_market(book, rows[0])
    for row in rows:
        if row[0] is not None:
            order_of(book, row)
    return WarmBook(book, epoch, market_id)


def load_prints(cursor: Any, warm: WarmBook) -> None:
    """The prices within the breaker's window: it must not forget them because the process is new."""
    cursor.execute(_PRINTS, (warm.market_id, warm.book.sequence))
    for created_at, price in cursor.fetchall():
        warm.prints.add(to_ms(created_at), [int(price)])


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
        warm.book.replay(logged.event)
        note_print(warm, to_ms(logged.created_at), [logged.event])
    return news


def note_print(warm: WarmBook, now: int, events: Sequence[Event]) -> None:
    """Trade prices for the circuit breaker, which begins anew with every change of the market's state."""
    for index, event in enumerate(events):
        if type(event) is StatusChanged:
            warm.prints.clear()
            events = events[index + 1 :]
            break
    warm.prints.add(now, (event.price for event in events if isinstance(event, Traded | Uncrossed)))
