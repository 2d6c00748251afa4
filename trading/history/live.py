"""The state of a market as its rows have it: orders, trades, and the book that matching would load from them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
from django.db import connection

from common.clock import to_ms
from common.money import format_decimal
from trading.history.reading import CHUNK
from trading.history.state import Digest, OrderState, StateHash, TradeState
from trading.matching_service import warm

# A division that does not come out whole leaves a fraction, which no rebuilt order has.
_ORDERS = """
    SELECT o.id, o.account_id, o.client_order_id, o.side, o.type, o.time_in_force, o.post_only,
           o.self_trade_prevention, trim_scale(o.price / m.tick)::text, trim_scale(o.quantity / m.lot)::text,
           o.quote_quantity, o.status, trim_scale(o.filled_quantity / m.lot)::text,
           trim_scale(o.filled_cost / (m.tick * m.lot))::text, trim_scale(o.cancelled_quantity / m.lot)::text,
           o.reason, o.priority, o.created_at, o.updated_at, trim_scale(c.display_quantity / m.lot)::text,
           c.expires_at, coalesce(c.reduce_only, false), coalesce(c.trigger_source, ''),
           trim_scale(c.trail_amount / m.tick)::text, c.trail_millionths, coalesce(c.protection_millionths, 0),
           c.link_group, coalesce(c.link_role, '')
    FROM trading_order o JOIN market_market m ON m.id = o.market_id
    LEFT JOIN trading_ordercondition c ON c.order_id = o.id
    WHERE o.market_id = %s"""

_TRADES = """
    SELECT t.id, t.sequence, trim_scale(t.price / m.tick)::text, trim_scale(t.quantity / m.lot)::text,
           trim_scale(t.cost / (m.tick * m.lot))::text, t.taker_side, t.taker_order_id, t.maker_order_id,
           t.taker_account_id, t.maker_account_id, t.created_at
    FROM trading_trade t JOIN market_market m ON m.id = t.market_id
    WHERE t.market_id = %s"""

Progress = Callable[[int], object]


def live_state(market_id: int, symbol: str, progress: Progress) -> StateHash:
    """Inside a snapshot. progress: told how many more rows have been read."""
    orders, trades = Digest(), Digest()
    for row in _rows(_ORDERS, market_id, progress):
        orders.add(_order(row))
    for row in _rows(_TRADES, market_id, progress):
        trades.add(TradeState(*row)._replace(created_at=to_ms(row[-1])))
    with psycopg.Cursor(connection.connection) as cursor:
        book = warm.load(cursor, symbol).book
    return StateHash(book.sequence, book.state_hash(), orders.hex(), trades.hex(), orders.count, trades.count)


def _order(row: Sequence[Any]) -> OrderState:
    state = OrderState(*row)
    return state._replace(
        quote_quantity=None if state.quote_quantity is None else format_decimal(row[10]),
        created_at=to_ms(row[17]), updated_at=to_ms(row[18]),
        expires_at=None if row[20] is None else to_ms(row[20]),
    )  # fmt: skip


def _rows(query: str, market_id: int, progress: Progress) -> Iterator[Sequence[Any]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, [market_id])
        while chunk := cursor.fetchmany(CHUNK):
            yield from chunk
            progress(len(chunk))
