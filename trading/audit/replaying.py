"""The books rebuilt: every event of every log, in order, through the same book that matching uses.

Memory holds one book and a few thousand rows at a time, however long the log.
"""

from collections.abc import Iterator
from typing import Any

from django.db import connection

from common.audit import Check, Cursor, Violation
from trading.audit import live_orders
from trading.audit.judges import (
    AUCTION,
    FOLLOWED,
    LIFE,
    PROTECTION,
    QUEUE,
    REDUCES,
    STATE,
    UNCROSSED,
    Judges,
)
from trading.audit.live_orders import BOOK, Market
from trading.matching.book import Book
from trading.matching.events import Event
from trading.matching_service import log

CHUNK = 5_000

_MARKETS = """
    SELECT m.id, m.symbol, m.tick, m.lot, m.kind FROM trading_bookstate b JOIN market_market m ON m.id = b.market_id
    ORDER BY m.symbol"""

_EVENTS = f"SELECT sequence, {', '.join(log.COLUMNS)} FROM trading_orderevent WHERE market_id = %s ORDER BY sequence"


class Broken(Exception):
    """The log cannot be walked any further."""


def rebuild(cursor: Cursor) -> Iterator[Violation]:
    """Walk every log, and compare where it ends with the live orders."""
    cursor.execute(_MARKETS)
    for row in cursor.fetchall():
        market = Market(*row)
        walk = Walk(market)
        try:
            for sequence, event in _events(market):
                yield from walk.step(sequence, event)
        except Broken as broken:
            yield live_orders.violation(BOOK, market, str(broken), sequence=walk.walked + 1)
        else:
            yield from live_orders.differences(cursor, market, walk.book)


class Walk:
    """One log on its way through a book. `walked`: the sequence of the last event that fitted."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.book = Book()
        if market.kind == "perpetual":
            self.book.positions = {}
        self.judges = Judges(self.book)
        self.walked = 0

    def step(self, sequence: int, event: Event) -> Iterator[Violation]:
        """Apply the next event; what it breaks. Raises Broken if it does not fit the book at all."""
        if sequence != self.walked + 1:
            raise Broken(f"the log cannot be replayed: after event {self.walked} comes {sequence}")
        try:
            for rule, text, details in self.judges.look(event):
                said = f"event {sequence} {text}"
                yield live_orders.violation(rule, self.market, said, sequence=sequence, **details)
            self.book.apply(event)
        except (AssertionError, AttributeError, KeyError) as error:
            raise Broken(f"the log cannot be replayed: event {sequence} does not fit ({error!r})") from error
        self.walked = sequence


def _events(market: Market) -> Iterator[tuple[int, Event]]:
    """From a cursor on the server, a chunk at a time."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_EVENTS, [market.id])
        while chunk := cursor.fetchmany(CHUNK):
            for sequence, *columns in chunk:
                yield sequence, _read(sequence, columns)


def _read(sequence: int, columns: list[Any]) -> Event:
    try:
        return log.from_row(columns)
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise Broken(f"the log cannot be replayed: event {sequence} cannot be read ({error!r})") from error


CHECKS = (
    Check((BOOK, LIFE, QUEUE, UNCROSSED, AUCTION, STATE, PROTECTION, REDUCES, FOLLOWED), rebuild, slow=True),
)
