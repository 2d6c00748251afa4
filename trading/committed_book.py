"""A process's own copy of a market's committed book, for those who look and never write.

It walks the order-event log, so every process shows the same book at the same sequence, and never a state
that was not committed.
"""

import threading
from dataclasses import dataclass
from decimal import Decimal

import psycopg
from django.db import connection

from common.money import EXACT
from market.selectors import market_by_symbol
from trading.matching.level import BookSide
from trading.matching.terms import BUY, SELL
from trading.matching_service import warm

Levels = list[tuple[Decimal, Decimal]]


@dataclass(frozen=True, slots=True)
class BookSnapshot:
    """Levels are (price, quantity), best first."""

    symbol: str
    sequence: int
    bids: Levels
    asks: Levels


class CommittedBook:
    """Not shared between threads; `CommittedBooks` does that."""

    def __init__(self, symbol: str) -> None:
        """Raises Refused UNKNOWN_SYMBOL."""
        market = market_by_symbol(symbol)
        self.symbol, self.tick, self.lot = market.symbol, market.tick, market.lot
        self._warm: warm.WarmBook | None = None

    @property
    def sequence(self) -> int:
        return self._warm.book.sequence if self._warm is not None else 0

    def advance(self) -> list[warm.LoggedEvent] | None:
        """Come up to the newest commit. The events that led there; None if the book was loaded afresh."""
        connection.ensure_connection()
        with psycopg.Cursor(connection.connection) as cursor:
            news = warm.catch_up(cursor, self._warm) if self._warm is not None else None
            if news is None:
                self._warm = warm.load(cursor, self.symbol)
        return news

    def snapshot(self, depth: int | None = None) -> BookSnapshot:
        sides = self._sides()
        return BookSnapshot(
            self.symbol, self.sequence, self._levels(sides[BUY], depth), self._levels(sides[SELL], depth)
        )

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

    def _levels(self, side: BookSide, depth: int | None) -> Levels:
        return [(self.price(price), self.lots(quantity)) for price, quantity in side.depth(depth)]


class CommittedBooks:
    """One committed book per symbol, for the threads of a process."""

    def __init__(self) -> None:
        self._books: dict[str, tuple[threading.Lock, CommittedBook]] = {}

    def snapshot(self, symbol: str, depth: int | None) -> BookSnapshot:
        """Raises Refused UNKNOWN_SYMBOL."""
        if symbol not in self._books:
            self._books.setdefault(symbol, (threading.Lock(), CommittedBook(symbol)))
        mutex, book = self._books[symbol]
        with mutex:
            book.advance()
            return book.snapshot(depth)
