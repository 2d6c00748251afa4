"""The live orders' rows beside those of the rebuilt book, everything that tells one from another."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from common.audit import Cursor, Rule, Violation
from common.money import EXACT
from trading.matching.book import Book
from trading.matching.level import BookOrder
from trading.matching.terms import BUY

BOOK = Rule("L5-BOOK", 5, "the book rebuilt from the log equals the live orders, each in its place")

# As the index on live orders has it; waiting: for its entry, for its trigger, or not at all.
_LIVE = """
    SELECT o.id, o.account_id, o.side, o.price, o.quantity, o.quantity - o.filled_quantity - o.cancelled_quantity,
           o.post_only, o.self_trade_prevention, o.priority,
           CASE o.status WHEN 'new' THEN 'for its entry' WHEN 'pending_trigger' THEN 'for its trigger' ELSE '' END,
           coalesce(c.hidden_quantity, 0), c.trigger_price, c.extreme, c.reserve
    FROM trading_order o LEFT JOIN trading_ordercondition c ON c.order_id = o.id
    WHERE o.market_id = %s AND o.status IN ('new', 'pending_trigger', 'open', 'partially_filled')"""


class Market(NamedTuple):
    id: int
    symbol: str
    tick: Decimal
    lot: Decimal
    kind: str


class LiveOrder(NamedTuple):
    """A live order, with the names of trading.models.Order and OrderCondition."""

    order_id: int
    account_id: int
    side: str
    price: Decimal | None
    quantity: Decimal
    open_quantity: Decimal
    post_only: bool
    self_trade_prevention: str
    priority: int
    waits: str
    hidden_quantity: Decimal
    trigger_price: Decimal | None
    extreme: Decimal | None
    reserve: Decimal | None


def differences(cursor: Cursor, market: Market, book: Book) -> Iterator[Violation]:
    """Where the rows of the live orders are not what the rebuilt book has."""
    cursor.execute(_LIVE, [market.id])
    rows = {row[0]: LiveOrder(*row) for row in cursor.fetchall()}
    told = {order.order_id: _live_order(market, order) for order in book.orders.values()}
    for order_id in sorted(told.keys() | rows.keys()):
        if told.get(order_id) != rows.get(order_id):
            text = _how_they_differ(order_id, told.get(order_id), rows.get(order_id))
            yield violation(BOOK, market, text, order_id=order_id)


def violation(rule: Rule, market: Market, text: str, **details: Any) -> Violation:
    return Violation(rule.id, f"{market.symbol}: {text}", {"symbol": market.symbol, **details})


def _how_they_differ(order_id: int, told: LiveOrder | None, row: LiveOrder | None) -> str:
    if row is None:
        return f"order {order_id} lies in the rebuilt book but is no open order"
    if told is None:
        return f"order {order_id} is open but does not lie in the rebuilt book"
    pairs = zip(LiveOrder._fields, row, told, strict=True)
    changed = [f"{name} is {_plain(a)}, by the log {_plain(b)}" for name, a, b in pairs if a != b]
    return f"order {order_id}: {', '.join(changed)}"


def _plain(value: Any) -> Any:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def _live_order(market: Market, order: BookOrder) -> LiveOrder:
    waits = "for its entry" if order.waits else "for its trigger" if order.armed is not None else ""
    return LiveOrder(
        order.order_id, order.account_id, order.side, _price(market, order.price),
        EXACT.multiply(market.lot, order.quantity), EXACT.multiply(market.lot, order.open), order.post_only,
        order.self_trade_prevention, order.place, waits, EXACT.multiply(market.lot, order.hidden),
        *_trigger(market, order),
    )  # fmt: skip


def _trigger(market: Market, order: BookOrder) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Trigger price, extreme and reserve; of an order that does not wait for a price only what it asked for."""
    armed = order.armed
    if armed is None:
        terms = order.conditions.trigger if order.conditions is not None else None
        return _price(market, terms.price if terms is not None else None), None, None
    reserve = _price(market, armed.reserve) if order.side == BUY else Decimal(armed.reserve)
    return _price(market, armed.trigger_price), _price(market, armed.extreme), reserve


def _price(market: Market, ticks: int | None) -> Decimal | None:
    return None if ticks is None else EXACT.multiply(market.tick, ticks)
