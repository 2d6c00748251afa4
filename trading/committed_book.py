"""A process's own copy of a market's committed book, for those who look and never write.

It walks the order-event log, so every process shows the same book at the same sequence, and never a state
that was not committed.
"""

import threading
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

import psycopg
from django.db import connection

from common.money import EXACT
from market.selectors import market_by_symbol
from trading.matching.auction import indication
from trading.matching.level import BookSide
from trading.matching.terms import BUY, SELL
from trading.matching_service import warm

Levels = list[tuple[Decimal, Decimal]]
View = TypeVar("View")

MOST_VIEWS = 16
_MISSING = object()


@dataclass(frozen=True, slots=True)
class BookSnapshot:
    """Levels are (price, quantity), best first."""

    symbol: str
    sequence: int
    bids: Levels
    asks: Levels


class Top(NamedTuple):
    """Best prices. As long as `traded` is the same there was no trade."""

    traded: tuple[UUID, int]
    bid: Decimal | None
    ask: Decimal | None


class Auction(NamedTuple):
    """A market's state, and what a call auction would come to now; price None if nothing would trade."""

    symbol: str
    sequence: int
    status: str
    ends_at: int | None
    price: Decimal | None
    quantity: Decimal
    wanted: Decimal
    offered: Decimal


class CommittedBook:
    """Not shared between threads; `SharedBook` does that."""

    def __init__(self, symbol: str) -> None:
        """Raises Refused UNKNOWN_SYMBOL."""
        self.symbol = symbol
        self._read_steps()
        self._warm: warm.WarmBook | None = None
        self._traded_at = 0  # sequence of the newest trade, or of the load if there was none since

    @property
    def sequence(self) -> int:
        return self._warm.book.sequence if self._warm is not None else 0

    def advance(self) -> list[warm.LoggedEvent] | None:
        """Come up to the newest commit. The events that led there; None if the book was loaded afresh."""
        connection.ensure_connection()
        with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
            news = warm.catch_up(cursor, self._warm) if self._warm is not None else None
            if news is None:
                self._warm = warm.load(cursor, self.symbol)
                self._read_steps()
        self._note_trades(news)
        return news

    def _read_steps(self) -> None:
        """A book of another life may have another tick and lot."""
        market = market_by_symbol(self.symbol)
        self.tick, self.lot = market.tick, market.lot

    def _note_trades(self, news: list[warm.LoggedEvent] | None) -> None:
        if news is None:
            self._traded_at = self.sequence
        else:
            trades = (logged.sequence for logged in news if logged.trade_id is not None)
            self._traded_at = max(trades, default=self._traded_at)

    def snapshot(self, depth: int | None = None) -> BookSnapshot:
        sides = self._sides()
        return BookSnapshot(
            self.symbol, self.sequence, self._levels(sides[BUY], depth), self._levels(sides[SELL], depth)
        )

    def top(self) -> Top:
        assert self._warm is not None, "advance first"
        return Top((self._warm.epoch, self._traded_at), self._best(BUY), self._best(SELL))

    def auction(self) -> Auction:
        assert self._warm is not None, "advance first"
        book = self._warm.book
        found = indication(book)
        price, lots = (found.price, found[1:]) if found is not None else (None, (0, 0, 0))
        return Auction(
            self.symbol, self.sequence, book.status, book.auction_ends_at,
            None if price is None else self.price(price), *(self.lots(each) for each in lots),
        )  # fmt: skip

    def levels(self, side: str) -> Iterator[tuple[Decimal, Decimal]]:
        """(price, quantity) of a side, best first, one after the other: read no further than you need."""
        found = self._sides()[side]
        for key in found.keys:
            price = key * found.sign
            yield self.price(price), self.lots(found.levels[price].quantity)

    def quantity_at(self, side: str, price: int) -> Decimal:
        """What lies at a price (in ticks) now; zero if nothing does."""
        level = self._sides()[side].levels.get(price)
        return self.lots(level.quantity if level is not None else 0)

    def price(self, ticks: int) -> Decimal:
        return EXACT.multiply(self.tick, ticks)

    def lots(self, lots: int) -> Decimal:
        return EXACT.multiply(self.lot, lots)

    def _sides(self) -> dict[str, BookSide]:
        assert self._warm is not None, "advance first"
        return self._warm.book.sides

    def _best(self, side: str) -> Decimal | None:
        ticks = self._sides()[side].best()
        return None if ticks is None else self.price(ticks)

    def _levels(self, side: BookSide, depth: int | None) -> Levels:
        return [(self.price(price), self.lots(quantity)) for price, quantity in side.depth(depth)]


class SharedBook:
    """One committed book for all threads of a process. What they make of it is kept until the book moves."""

    def __init__(self, symbol: str) -> None:
        """Raises Refused UNKNOWN_SYMBOL."""
        self._book = CommittedBook(symbol)
        self._mutex = threading.Lock()
        self._looks_begun = 0
        self._looks_done = 0
        self._views: dict[Hashable, Any] = {}

    def view(self, name: Hashable, make: Callable[[CommittedBook], View]) -> View:
        """`make` of the book as of a commit no older than this call; `name` says what is made.

        Whoever waits while another looks into the log needs a look that began after it came, and one such look
        serves all who wait: many readers cost one statement, and none is shown less than was committed before
        it asked.
        """
        enough = self._looks_begun + 1
        with self._mutex:
            if self._looks_done < enough:
                self._look()
            view = self._views.get(name, _MISSING)
            if view is _MISSING:
                if len(self._views) >= MOST_VIEWS:
                    self._views.clear()
                view = self._views[name] = make(self._book)
            return cast(View, view)

    def _look(self) -> None:
        self._looks_begun += 1
        number = self._looks_begun
        if self._book.advance() != []:
            self._views.clear()
        self._looks_done = number


class CommittedBooks:
    """One shared book per symbol."""

    def __init__(self) -> None:
        self._books: dict[str, SharedBook] = {}

    def of(self, symbol: str) -> SharedBook:
        """Raises Refused UNKNOWN_SYMBOL."""
        book = self._books.get(symbol)
        return book or self._books.setdefault(symbol, SharedBook(symbol))
