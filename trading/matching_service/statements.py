"""The SQL of a batch, as statements of a pipeline: all answers come at once, when the pipeline has run."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from common.pipelined import Answer, Pipeline
from trading.matching_service import log

Columns = Sequence[Sequence[Any]]

_BEGIN = "BEGIN"

# For this transaction only. The statements below find a handful of rows by key in tables of any size: a plan made
# while a table was small, or its statistics old, must not read the whole of it when it has grown.
# What cannot be found by a key, such as a small table without one, then seems to cost a fortune: without the last of
# these, servers before PostgreSQL 18 would compile such a plan in each batch, which takes fifty times as long as it.
# Its answer is the server's clock before it waits for the lock, in seconds.
_PLANS_BY_KEY = """
    SELECT extract(epoch FROM clock_timestamp())::float8,
           set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
           set_config('enable_mergejoin', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true),
           set_config('jit', 'off', true)"""

_LOCK = """
    SELECT b.sequence, b.epoch, b.last_event_at, b.market_id, pg_current_xact_id()::text FROM trading_bookstate b
    JOIN market_market m ON m.id = b.market_id WHERE m.symbol = %s FOR NO KEY UPDATE OF b"""

# No row for a number that this server has not given out yet: another server's, after a failover.
_FATE = """
    SELECT pg_xact_status(%s::xid8) WHERE %s::xid8 < pg_snapshot_xmax(pg_current_snapshot())"""

# Read after the lock is held, in a statement of its own: what was read while waiting may be old.
_MARKET = """
    SELECT m.tick, m.lot, m.status, m.maker_fee, m.taker_fee, m.base_id, m.quote_id, base.precision,
           quote.precision, fees.id, m.minimum_notional, m.maximum_notional, m.maximum_open_orders, m.price_band,
           m.market_protection, m.breaker_move, m.breaker_window_seconds, price.index,
           coalesce(price.mark, price.index), price.mark IS NOT NULL,
           extract(epoch FROM clock_timestamp())::float8
    FROM market_market m
    JOIN market_asset base ON base.code = m.base_id
    JOIN market_asset quote ON quote.code = m.quote_id
    JOIN accounts_account fees ON fees.name = 'fees:' || m.symbol
    LEFT JOIN market_price price ON price.market_id = m.id
    WHERE m.symbol = %s"""

_ORDER_IDS = "SELECT nextval('trading_order_id_seq') FROM generate_series(1, %s::int)"

_TRADE_IDS = """
    SELECT nextval('trading_trade_id_seq'), nextval('accounts_ledgertransaction_id_seq')
    FROM generate_series(1, %s::int)"""

_TRANSACTION_IDS = "SELECT nextval('accounts_ledgertransaction_id_seq') FROM generate_series(1, %s::int)"

_BALANCES = """
    SELECT b.account_id, b.asset, b.available::text, b.held::text, b.margin::text, b.shortage::text
    FROM accounts_balance b
    JOIN market_market m ON b.asset IN (m.base_id, m.quote_id)
    WHERE m.symbol = %s AND b.account_id = ANY(%s::bigint[])"""

_REPEATED = """
    SELECT o.account_id, o.client_order_id, o.id FROM trading_order o
    JOIN unnest(%s::bigint[], %s::text[]) AS k(account_id, client_order_id) USING (account_id, client_order_id)"""

_ADD_EVENTS = f"""
    INSERT INTO trading_orderevent (market_id, created_at, sequence, trade_id, {", ".join(log.COLUMNS)})
    SELECT %s::bigint, %s::timestamptz, v.sequence, v.trade_id,
           {", ".join(f"v.{name}" for name in log.COLUMNS[:-1])}, v.details::jsonb
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[])
        AS v(sequence, trade_id, {", ".join(log.COLUMNS)})"""

_ADD_ORDERS = """
    INSERT INTO trading_order (market_id, created_at, updated_at, id, account_id, client_order_id, side, type,
        time_in_force, post_only, self_trade_prevention, price, quantity, quote_quantity, status,
        filled_quantity, filled_cost, cancelled_quantity, reason, priority)
    SELECT %s::bigint, %s::timestamptz, %s::timestamptz, v.*
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],
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
    SELECT %s::bigint, %s::timestamptz, v.*
    FROM unnest(%s::bigint[], %s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[],
        %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::numeric[], %s::numeric[],
        %s::bigint[]) AS v"""

_FORWARD = """
    UPDATE trading_bookstate SET sequence = %s, last_event_at = %s, last_price = coalesce(%s::numeric, last_price),
        next_expiry_at = %s::timestamptz, watches_prices = %s::boolean
    WHERE market_id = %s"""

_SET_STATE = """
    UPDATE trading_bookstate SET mark_price = %s, index_price = %s,
        opened_at = coalesce(%s::timestamptz, opened_at)
    WHERE market_id = %s"""

_SET_STATUS = "UPDATE market_market SET status = %s, auction_ends_at = %s WHERE id = %s"

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
    SELECT coalesce(sum(quantity), 0),
           coalesce(sum(CASE WHEN taker_order_id = %s::bigint THEN taker_fee ELSE maker_fee END), 0)
    FROM trading_trade WHERE taker_order_id = %s::bigint OR maker_order_id = %s::bigint"""


def begin(pipeline: Pipeline) -> Answer:
    """One row, which begins with the server's clock in seconds."""
    pipeline.add(_BEGIN)
    return pipeline.add(_PLANS_BY_KEY)


def commit(pipeline: Pipeline) -> None:
    pipeline.add("COMMIT")


def lock_symbol(pipeline: Pipeline, symbol: str) -> Answer:
    return pipeline.add(_LOCK, symbol)


def read_fate(pipeline: Pipeline, transaction_id: str) -> Answer:
    """One row, what became of that transaction: committed, aborted, in progress, or null if it is long ago."""
    return pipeline.add(_FATE, transaction_id, transaction_id)


def read_market(pipeline: Pipeline, symbol: str) -> Answer:
    """For MarketRow.read, and behind it the server's clock in seconds."""
    return pipeline.add(_MARKET, symbol)


def take_order_ids(pipeline: Pipeline, count: int) -> Answer:
    return pipeline.add(_ORDER_IDS, count)


def take_trade_ids(pipeline: Pipeline, count: int) -> Answer:
    """Rows (trade id, ledger transaction id)."""
    return pipeline.add(_TRADE_IDS, count)


def take_transaction_ids(pipeline: Pipeline, count: int) -> Answer:
    return pipeline.add(_TRANSACTION_IDS, count)


def read_balances(pipeline: Pipeline, symbol: str, account_ids: Sequence[int]) -> Answer:
    """Rows (account_id, asset, available, held, margin, shortage), without a lock."""
    return pipeline.add(_BALANCES, symbol, list(account_ids))


def find_repeated(pipeline: Pipeline, keys: Sequence[tuple[int, str]]) -> Answer:
    """Rows (account_id, client_order_id, order id) of client order ids that were used before."""
    return pipeline.add(_REPEATED, [key[0] for key in keys], [key[1] for key in keys])


def add_events(pipeline: Pipeline, market_id: int, now: datetime, rows: Columns) -> None:
    """Rows (sequence, trade_id, *log.COLUMNS)."""
    pipeline.add(_ADD_EVENTS, market_id, now, *_transposed(rows))


def add_orders(pipeline: Pipeline, market_id: int, now: datetime, rows: Columns) -> None:
    pipeline.add(_ADD_ORDERS, market_id, now, now, *_transposed(rows))


def change_orders(pipeline: Pipeline, now: datetime, rows: Columns) -> None:
    pipeline.add(_CHANGE_ORDERS, now, *_transposed(rows))


def add_trades(pipeline: Pipeline, market_id: int, now: datetime, rows: Columns) -> None:
    pipeline.add(_ADD_TRADES, market_id, now, *_transposed(rows))


def move_forward(
    pipeline: Pipeline,
    market_id: int,
    sequence: int,
    now: datetime,
    last_price: Decimal | None,
    next_expiry_at: datetime | None,
    watches_prices: bool,
) -> None:
    """The book's row; its last two columns tell a sweep whether there is anything for it (sweep_markets)."""
    pipeline.add(_FORWARD, sequence, now, last_price, next_expiry_at, watches_prices, market_id)


def add_conditions(pipeline: Pipeline, rows: Columns) -> None:
    pipeline.add(_ADD_CONDITIONS, *_transposed(rows))


def change_conditions(pipeline: Pipeline, rows: Columns) -> None:
    """Rows (order id, hidden, trigger price, extreme, reserve) of live orders."""
    pipeline.add(_CHANGE_CONDITIONS, *_transposed(rows))


def set_state(
    pipeline: Pipeline,
    market_id: int,
    prices: Sequence[Decimal | None],
    opened_at: datetime | None,
) -> None:
    """Mark and index price as the triggers saw them."""
    pipeline.add(_SET_STATE, *prices, opened_at, market_id)


def set_status(pipeline: Pipeline, market_id: int, status: str, auction_ends_at: datetime | None) -> None:
    pipeline.add(_SET_STATUS, status, auction_ends_at, market_id)


def read_fills_of(pipeline: Pipeline, order_id: int) -> Answer:
    """One row: lots in base that the order's committed trades filled, and the fees they cost it."""
    return pipeline.add(_FILLS_OF, order_id, order_id, order_id)


def _transposed(rows: Columns) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
