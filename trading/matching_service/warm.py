"""Books in memory, brought to the newest sequence from the log."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from common.clock import to_ms
from common.errors import ErrorCode, Refused
from common.pipelined import Pipeline
from risk.contract_rows import ContractRow
from trading.matching.book import Book
from trading.matching.events import Event
from trading.matching_service import log, positions
from trading.matching_service.loading import OPEN_ORDERS, forget_lone_entries, order_of, restore_market
from trading.matching_service.market_row import Breaker
from trading.matching_service.positions import WarmPositions
from trading.matching_service.price_window import PriceWindow, Prints

# Further behind than this, loading the open orders is quicker than walking the log.
MOST_EVENTS_TO_WALK = 20_000
MOST_PRINTS = 50_000  # read for the circuit breaker by a new process

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
    SELECT t.created_at, min(t.price / m.tick), max(t.price / m.tick) FROM trading_bookstate b
    JOIN market_market m ON m.id = b.market_id
    CROSS JOIN LATERAL (
        SELECT * FROM trading_trade WHERE market_id = b.market_id ORDER BY sequence DESC LIMIT {MOST_PRINTS}
    ) t
    WHERE b.market_id = %s AND t.created_at >= coalesce(b.opened_at, '-infinity')
      AND t.created_at > now() - %s * interval '1 millisecond'
    GROUP BY t.created_at ORDER BY t.created_at"""


class LoggedEvent(NamedTuple):
    """An event with what the log knows of it beyond the core."""

    sequence: int
    trade_id: int | None
    created_at: datetime
    event: Event


@dataclass(slots=True)
class WarmBook:
    """A book of one epoch (a BookState row's life), and the balance rows known to exist.

    prices: the latest, of a market with a circuit breaker; None where nobody asked for them.
    """

    book: Book
    epoch: UUID
    market_id: int
    known_balances: set[tuple[int, str]] = field(default_factory=set)
    prices: PriceWindow | None = None
    positions: WarmPositions = field(default_factory=WarmPositions)


def load(cursor: Any, symbol: str, contract: ContractRow | None = None) -> WarmBook:
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
    forget_lone_entries(book)
    warm = WarmBook(book, epoch, market_id)
    if contract is not None:
        warm.positions = positions.load(cursor.connection, book, contract)
    return warm


def watch_prices(cursor: Any, warm: WarmBook, breaker: Breaker | None) -> None:
    """From now on know the prices within the breaker's window: it must not forget them because the process is
    new, or because the breaker was set just now."""
    if breaker is None:
        warm.prices = None
    elif warm.prices is None or warm.prices.window_ms != breaker.window_ms:
        warm.prices = PriceWindow(breaker.window_ms)
        cursor.execute(_PRINTS, (warm.market_id, breaker.window_ms))
        for created_at, low, high in cursor.fetchall():
            warm.prices.add(to_ms(created_at), int(low), int(high))


def catch_up(cursor: Any, warm: WarmBook, contract: ContractRow | None = None) -> list[LoggedEvent] | None:
    """Apply what the log has beyond the book, and return it.

    None if the book is of no use any more: of another epoch, ahead of the log, or too far behind.
    """
    pipeline = Pipeline(cursor.connection)
    news_rows = pipeline.add(_EVENTS, warm.book.sequence, warm.market_id)
    pipeline.run()
    rows = news_rows.rows
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
    if warm.prices is not None:
        _note_prices(warm.prices, news)
    if contract is not None:
        events = [logged.event for logged in news]
        positions.refresh(cursor.connection, warm.positions, warm.book, contract, events)
    return news


def _note_prices(prices: PriceWindow, news: Iterable[LoggedEvent]) -> None:
    for moment, logged in groupby(news, key=lambda logged: logged.created_at):
        prices.take(to_ms(moment), Prints(each.event for each in logged))
