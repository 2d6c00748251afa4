"""The SQL of a batch. Each function executes and leaves fetching to the caller, so that they can be pipelined."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from trading.matching_service import log

Columns = Sequence[Sequence[Any]]

_LOCK = """
    SELECT b.sequence, b.epoch, b.last_event_at, b.market_id FROM trading_bookstate b
    JOIN market_market m ON m.id = b.market_id WHERE m.symbol = %s FOR NO KEY UPDATE OF b"""

# Read after the lock is held, in a statement of its own: what was read while waiting may be old.
_MARKET = """
    SELECT m.tick, m.lot, m.status, m.maker_fee, m.taker_fee, m.base_id, m.quote_id, base.precision,
           quote.precision, fees.id, m.minimum_notional, m.maximum_notional, m.maximum_open_orders, m.price_band,
           m.market_protection, m.breaker_move, m.breaker_window_seconds, price.index
    FROM market_market m
    JOIN market_asset base ON base.code = m.base_id
    JOIN market_asset quote ON quote.code = m.quote_id
    JOIN accounts_account fees ON fees.name = 'fees:' || m.symbol
    LEFT JOIN market_price price ON price.market_id = m.id
    WHERE m.symbol = %s"""

_ORDER_IDS = "SELECT nextval('trading_order_id_seq') FROM generate_series(1, %s)"

_TRADE_IDS = """
    SELECT nextval('trading_trade_id_seq'), nextval('accounts_ledgertransaction_id_seq')
    FROM generate_series(1, %s)"""

_BALANCES = """
    SELECT b.account_id, b.asset, b.available, b.held FROM accounts_balance b
    JOIN market_market m ON b.asset IN (m.base_id, m.quote_id)
    WHERE m.symbol = %s AND b.account_id = ANY(%s::bigint[])"""

_REPEATED = """
    SELECT o.account_id, o.client_order_id, o.id FROM trading_order o
    JOIN unnest(%s::bigint[], %s::text[]) AS k(account_id, client_order_id) USING (account_id, client_order_id)"""

_ADD_EVENTS = f"""
    INSERT INTO trading_orderevent (market_id, created_at, sequence, trade_id, {", ".join(log.COLUMNS)})
    SELECT %s, %s, v.sequence, v.trade_id, {", ".join(f"v.{name}" for name in log.COLUMNS[:-1])}, v.details::jsonb
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[])
        AS v(sequence, trade_id, {", ".join(log.COLUMNS)})"""

_ADD_ORDERS = """
    INSERT INTO trading_order (market_id, created_at, updated_at, id, account_id, client_order_id, side, type,
        time_in_force, post_only, self_trade_prevention, price, quantity, quote_quantity, status,
        filled_quantity, filled_cost, cancelled_quantity, reason, priority)
    SELECT %s, %s, %s, v.* FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::boolean[], %s::text[], %s::numeric[], %s::numeric[], %s::numeric[], %s::text[], %s::numeric[],
        %s::numeric[], %s::numeric[], %s::text[], %s::bigint[]) AS v"""

_CHANGE_ORDERS = """
    UPDATE trading_order o SET
        filled_quantity = o.filled_quantity + v.filled, filled_cost = o.filled_cost + v.cost,
        cancelled_quantity = o.cancelled_quantity + v.cancelled, quantity = coalesce(v.quantity, o.quantity),
        price = coalesce(v.price, o.price), priority = coalesce(v.priority, o.priority),
        status = v.status, reason = v.reason, updated_at = %s
    FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[],
                %s::bigint[], %s::text[], %s::text[])
        AS v(id, filled, cost, cancelled, quantity, price, priority, status, reason)
    WHERE o.id = v.id"""

_ADD_TRADES = """
    INSERT INTO trading_trade (market_id, created_at, id, sequence, price, quantity, cost, taker_side,
        taker_order_id, maker_order_id, taker_account_id, maker_account_id, taker_fee, maker_fee,
        ledger_transaction_id)
    SELECT %s, %s, v.* FROM unnest(%s::bigint[], %s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[],
        %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::numeric[], %s::numeric[],
        %s::bigint[]) AS v"""

_FORWARD = """
    UPDATE trading_bookstate SET sequence = %s, last_event_at = %s, last_price = coalesce(%s, last_price)
    WHERE market_id = %s"""

_SET_STATE = """
    UPDATE trading_bookstate SET mark_price = %s, index_price = %s, auction_ends_at = %s,
        opened_at = coalesce(%s, opened_at)
    WHERE market_id = %s"""

_SET_STATUS = "UPDATE market_market SET status = %s WHERE id = %s"

_ADD_CONDITIONS = """
    INSERT INTO trading_ordercondition (order_id, display_quantity, hidden_quantity, expires_at, reduce_only,
        trigger_source, trigger_price, trail_amount, trail_millionths, extreme, protection_millionths, reserve,
        link_group, link_role)
    SELECT * FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[], %s::timestamptz[], %s::boolean[], %s::text[],
        %s::numeric[], %s::numeric[], %s::int[], %s::numeric[], %s::int[], %s::numeric[], %s::bigint[], %s::text[])"""

_CHANGE_CONDITIONS = """
    UPDATE trading_ordercondition c SET hidden_quantity = v.hidden, trigger_price = v.trigger_price,
        extreme = v.extreme, reserve = v.reserve
    FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[])
        AS v(id, hidden, trigger_price, extreme, reserve)
    WHERE c.order_id = v.id"""

_FILLS_OF = """
    SELECT coalesce(sum(quantity), 0), coalesce(sum(CASE WHEN taker_order_id = %s THEN taker_fee ELSE maker_fee END), 0)
    FROM trading_trade WHERE taker_order_id = %s OR maker_order_id = %s"""


def lock_symbol(cursor: Any, symbol: str) -> None:
    cursor.execute(_LOCK, (symbol,), prepare=True)


def read_market(cursor: Any, symbol: str) -> None:
    cursor.execute(_MARKET, (symbol,), prepare=True)


def take_order_ids(cursor: Any, count: int) -> None:
    cursor.execute(_ORDER_IDS, (count,), prepare=True)


def take_trade_ids(cursor: Any, count: int) -> None:
    """Rows (trade id, ledger transaction id)."""
    cursor.execute(_TRADE_IDS, (count,), prepare=True)


def read_balances(cursor: Any, symbol: str, account_ids: Sequence[int]) -> None:
    """Rows (account_id, asset, available, held), without a lock."""
    cursor.execute(_BALANCES, (symbol, account_ids), prepare=True)


def find_repeated(cursor: Any, keys: Sequence[tuple[int, str]]) -> None:
    """Rows (account_id, client_order_id, order id) of client order ids that were used before."""
    cursor.execute(_REPEATED, ([key[0] for key in keys], [key[1] for key in keys]), prepare=True)


def add_events(cursor: Any, market_id: int, now: datetime, rows: Columns) -> None:
    """Rows (sequence, trade_id, *log.COLUMNS)."""
    cursor.execute(_ADD_EVENTS, (market_id, now, *_transposed(rows)), prepare=True)


def add_orders(cursor: Any, market_id: int, now: datetime, rows: Columns) -> None:
    cursor.execute(_ADD_ORDERS, (market_id, now, now, *_transposed(rows)), prepare=True)


def change_orders(cursor: Any, now: datetime, rows: Columns) -> None:
    cursor.execute(_CHANGE_ORDERS, (now, *_transposed(rows)), prepare=True)


def add_trades(cursor: Any, market_id: int, now: datetime, rows: Columns) -> None:
    cursor.execute(_ADD_TRADES, (market_id, now, *_transposed(rows)), prepare=True)


def move_forward(
    cursor: Any, market_id: int, sequence: int, now: datetime, last_price: Decimal | None
) -> None:
    cursor.execute(_FORWARD, (sequence, now, last_price, market_id), prepare=True)


def add_conditions(cursor: Any, rows: Columns) -> None:
    cursor.execute(_ADD_CONDITIONS, _transposed(rows), prepare=True)


def change_conditions(cursor: Any, rows: Columns) -> None:
    """Rows (order id, hidden, trigger price, extreme, reserve) of live orders."""
    cursor.execute(_CHANGE_CONDITIONS, _transposed(rows), prepare=True)


def set_state(
    cursor: Any,
    market_id: int,
    prices: Sequence[Decimal | None],
    ends_at: datetime | None,
    opened_at: datetime | None,
) -> None:
    """Mark and index price as the triggers saw them, and the end of a call auction."""
    cursor.execute(_SET_STATE, (*prices, ends_at, opened_at, market_id), prepare=True)


def set_status(cursor: Any, market_id: int, status: str) -> None:
    cursor.execute(_SET_STATUS, (status, market_id), prepare=True)


def read_fills_of(cursor: Any, order_id: int) -> None:
    """One row: lots in base that the order's committed trades filled, and the fees they cost it."""
    cursor.execute(_FILLS_OF, (order_id, order_id, order_id), prepare=True)


def _transposed(rows: Columns) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
