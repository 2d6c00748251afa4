"""A book from its rows: live orders with their conditions, and the market's state and prices."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from common.clock import to_ms
from common.money import to_steps
from trading.matching.book import Book
from trading.matching.level import Armed, BookOrder, ConditionedOrder
from trading.matching.lifecycle import ACTIVE, Status
from trading.matching.links import Entry
from trading.matching.terms import BUY, ENTRY, INDEX, LAST, MARK, Conditions, Link, TriggerTerms
from trading.matching.triggers import fires_rising

_ACTIVE = ", ".join(f"'{status}'" for status in ACTIVE)

OPEN_ORDERS = f"""
    SELECT o.id, o.account_id, o.side, o.price, o.quantity, o.filled_quantity, o.cancelled_quantity, o.post_only,
           o.self_trade_prevention, o.type, o.time_in_force, o.priority, o.status,
           m.tick, m.lot, b.sequence, b.epoch, b.market_id, m.status, m.auction_ends_at,
           b.last_price, b.mark_price, b.index_price,
           c.order_id, c.display_quantity, c.expires_at, c.reduce_only, c.trigger_source, c.trigger_price,
           c.trail_amount, c.trail_millionths, c.extreme, c.protection_millionths, c.reserve, c.link_group, c.link_role,
           c.hidden_quantity
    FROM trading_bookstate b
    JOIN market_market m ON m.id = b.market_id
    LEFT JOIN trading_order o ON o.market_id = b.market_id AND o.status IN ({_ACTIVE})
    LEFT JOIN trading_ordercondition c ON c.order_id = o.id
    WHERE m.symbol = %s
    ORDER BY o.priority"""

Row = Sequence[Any]


def restore_market(book: Book, row: Row) -> tuple[UUID, int]:
    """The market's part of a row; its epoch and market id."""
    tick, _, book.sequence, epoch, market_id, book.status, ends_at, *prices = row[13:23]
    book.auction_ends_at = None if ends_at is None else to_ms(ends_at)
    book.prices = {
        source: to_steps(price, tick)
        for source, price in zip((LAST, MARK, INDEX), prices, strict=True)
        if price is not None
    }
    return epoch, market_id


def order_of(book: Book, row: Row) -> None:
    """Put a row's order into the book."""
    price, quantity, filled, cancelled = row[3:7]
    status, tick, lot = row[12:15]
    total, done = to_steps(quantity, lot), to_steps(filled, lot)
    plain = (
        row[0], row[1], row[2], None if price is None else to_steps(price, tick), total,
        total - done - to_steps(cancelled, lot), row[7], row[8], row[11], done,
    )  # fmt: skip
    if row[23] is None:
        book.add(BookOrder(*plain))
        return
    order = ConditionedOrder(row[9], row[10], _conditions(row[24:36], tick, lot), *plain)
    order.hidden = to_steps(row[36], lot)
    if status == Status.PENDING_TRIGGER:
        order.armed = _armed(order, row, tick, lot)
    order.waits = status == Status.NEW
    book.add(order)
    _bind(book, order)


def forget_lone_entries(book: Book) -> None:
    """After the last order: an entry without exits that wait is an order like any other."""
    entries = book.links.entries
    for order_id in [order_id for order_id, entry in entries.items() if not entry.exits]:
        del entries[order_id]


def _conditions(row: Row, tick: Decimal, lot: Decimal) -> Conditions:
    display, expires_at, reduce_only, source, price, trail, rate, _, protection, _, group, role = row
    trigger = None
    if source:
        trails = trail is not None or rate is not None
        trigger = TriggerTerms(
            source, None if trails else to_steps(price, tick), None if trail is None else to_steps(trail, tick),
            rate, protection,
        )  # fmt: skip
    return Conditions(
        None if display is None else to_steps(display, lot), None if expires_at is None else to_ms(expires_at),
        reduce_only, trigger, None if group is None else Link(group, role),
    )  # fmt: skip


def _armed(order: BookOrder, row: Row, tick: Decimal, lot: Decimal) -> Armed:
    source, price, extreme, reserve = row[27], row[28], row[31], row[33]
    per_lot = to_steps(reserve, tick) if order.side == BUY else int(reserve)
    rises = fires_rising(order.side, order.type)
    return Armed(
        source, rises, to_steps(price, tick), per_lot, None if extreme is None else to_steps(extreme, tick)
    )


def _bind(book: Book, order: BookOrder) -> None:
    """Legs that are both alive are still bound; an entry is remembered while exits wait for it."""
    link = order.conditions.link if order.conditions is not None else None
    if link is None:
        return
    if link.role == ENTRY:
        entry = book.links.entries.get(link.group, Entry())
        book.links.entries[link.group] = Entry(order.filled, entry.exits)
        return
    legs = (*book.links.legs.get(link.group, ()), order.order_id)
    book.links.legs[link.group] = tuple(sorted(legs))
    book.links.group_of[order.order_id] = link.group
    if order.waits:
        entry = book.links.entries.get(link.group, Entry())
        book.links.entries[link.group] = Entry(entry.filled, entry.exits + 1)
