"""The books rebuilt: every event of every log, in order, through the same book that matching uses.

Memory holds one book and a few thousand rows at a time, however long the log.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from common.audit import Check, Cursor, Rule, Violation
from common.money import EXACT
from trading.matching.book import Book
from trading.matching.events import Accepted, Amended, Event, Traded
from trading.matching.level import BookOrder
from trading.matching.terms import OPPOSITE
from trading.matching_service import log

BOOK = Rule("L5-BOOK", 5, "the book rebuilt from the log equals the open orders, each in its place")
QUEUE = Rule("L4-QUEUE", 4, "every fill took the best price, and at that price the oldest order")
UNCROSSED = Rule("L4-UNCROSSED", 4, "the book was never crossed after an order had been carried out")

CHUNK = 5_000

_MARKETS = """
    SELECT m.id, m.symbol, m.tick, m.lot FROM trading_bookstate b JOIN market_market m ON m.id = b.market_id
    ORDER BY m.symbol"""

_EVENTS = f"SELECT sequence, {', '.join(log.COLUMNS)} FROM trading_orderevent WHERE market_id = %s ORDER BY sequence"

_OPEN_ORDERS = """
    SELECT id, account_id, side, price, quantity, quantity - filled_quantity - cancelled_quantity, post_only,
           self_trade_prevention, priority
    FROM trading_order WHERE market_id = %s AND status IN ('open', 'partially_filled')"""


class Market(NamedTuple):
    id: int
    symbol: str
    tick: Decimal
    lot: Decimal


class OpenOrder(NamedTuple):
    """An order in a book, with the names of trading.models.Order."""

    order_id: int
    account_id: int
    side: str
    price: Decimal
    quantity: Decimal
    open_quantity: Decimal
    post_only: bool
    self_trade_prevention: str


class Broken(Exception):
    """The log cannot be walked any further."""


def rebuild(cursor: Cursor) -> Iterator[Violation]:
    """Walk every log, and compare where it ends with the open orders."""
    cursor.execute(_MARKETS)
    for row in cursor.fetchall():
        market = Market(*row)
        walk = Walk(market)
        try:
            for sequence, event in _events(market):
                yield from walk.step(sequence, event)
        except Broken as broken:
            yield _violation(BOOK, market, str(broken), sequence=walk.book.sequence + 1)
        else:
            yield from differences(market, _rebuilt(market, walk.book), _open_orders(cursor, market))


class Walk:
    """One log on its way through a book."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.book = Book()

    def step(self, sequence: int, event: Event) -> Iterator[Violation]:
        """Apply the next event; what it breaks. Raises Broken if it does not fit the book at all."""
        if sequence != self.book.sequence + 1:
            raise Broken(f"the log cannot be replayed: after event {self.book.sequence} comes {sequence}")
        if isinstance(event, Accepted | Amended) and self.book.is_crossed():
            yield _violation(UNCROSSED, self.market, f"crossed before event {sequence}", sequence=sequence)
        if isinstance(event, Traded):
            yield from self._out_of_turn(sequence, event)
        try:
            self.book.apply(event)
        except (AssertionError, KeyError) as error:
            raise Broken(f"the log cannot be replayed: event {sequence} does not fit ({error!r})") from error

    def _out_of_turn(self, sequence: int, trade: Traded) -> Iterator[Violation]:
        side = self.book.sides[OPPOSITE[trade.taker_side]]
        best = side.best()
        first = side.levels[best].oldest if best is not None else None
        if first is not None and first.order_id != trade.maker_order_id:
            yield _violation(
                QUEUE,
                self.market,
                f"event {sequence} trades with order {trade.maker_order_id}, first in line was {first.order_id}",
                sequence=sequence,
                maker_order_id=trade.maker_order_id,
                first_order_id=first.order_id,
            )


def differences(market: Market, rebuilt: list[OpenOrder], stored: list[OpenOrder]) -> Iterator[Violation]:
    """Both lists bids first, each side in the order in which it would trade."""
    by_id = {order.order_id: order for order in rebuilt}
    rows = {order.order_id: order for order in stored}
    for order_id in sorted(by_id.keys() | rows.keys()):
        told, row = by_id.get(order_id), rows.get(order_id)
        if told != row:
            yield _violation(BOOK, market, _how_they_differ(order_id, told, row), order_id=order_id)
    if by_id == rows:
        for told, row in zip(rebuilt, stored, strict=True):
            if told != row:
                text = f"order {row.order_id} stands where order {told.order_id} should, by the log"
                yield _violation(BOOK, market, text, order_id=row.order_id, expected_order_id=told.order_id)


def _how_they_differ(order_id: int, told: OpenOrder | None, row: OpenOrder | None) -> str:
    if row is None:
        return f"order {order_id} lies in the rebuilt book but is no open order"
    if told is None:
        return f"order {order_id} is open but does not lie in the rebuilt book"
    pairs = zip(OpenOrder._fields, row, told, strict=True)
    changed = [f"{name} is {_plain(a)}, by the log {_plain(b)}" for name, a, b in pairs if a != b]
    return f"order {order_id}: {', '.join(changed)}"


def _plain(value: Any) -> Any:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


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


def _rebuilt(market: Market, book: Book) -> list[OpenOrder]:
    return [_open_order(market, order) for order in book]


def _open_order(market: Market, order: BookOrder) -> OpenOrder:
    return OpenOrder(
        order.order_id, order.account_id, order.side, EXACT.multiply(market.tick, order.limit),
        EXACT.multiply(market.lot, order.quantity), EXACT.multiply(market.lot, order.open), order.post_only,
        order.self_trade_prevention,
    )  # fmt: skip


def _open_orders(cursor: Cursor, market: Market) -> list[OpenOrder]:
    """In the order in which they would trade: bids first, best price first, then by place in the queue."""
    cursor.execute(_OPEN_ORDERS, [market.id])
    rows = cursor.fetchall()
    bids = sorted((row for row in rows if row[2] == "buy"), key=lambda row: (-(row[3] or 0), row[8]))
    asks = sorted((row for row in rows if row[2] != "buy"), key=lambda row: (row[3] or 0, row[8]))
    return [OpenOrder(*row[:8]) for row in bids + asks]


def _violation(rule: Rule, market: Market, text: str, **details: Any) -> Violation:
    return Violation(rule.id, f"{market.symbol}: {text}", {"symbol": market.symbol, **details})


CHECKS = (Check((BOOK, QUEUE, UNCROSSED), rebuild, slow=True),)
