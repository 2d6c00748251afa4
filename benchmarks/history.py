"""A history of orders that have traded, made in minutes: rows that the service has written, copied many times.

The copies get ids, sequences and references of their own, and older times. A copy is a stretch of the market in which
every order was filled, so that copies fit behind one another: the log has no gap, the ledger adds up, the audit
finds nothing.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
from tqdm import tqdm

from benchmarks.durable_flow import HalfTrading
from common import clock

GAP = timedelta(seconds=30)  # between one copy and the next
COPIES_AT_ONCE = 25

# What in a copy differs from the rows it was made of: n is its number, from 1, and {orders} and the like how many
# there are in the stretch. Columns that are not named are the same.
_CHANGED: dict[str, dict[str, str]] = {
    "trading_order": {
        "id": "id + n * {orders}",
        "priority": "priority + n * {events}",
        "client_order_id": "client_order_id || '-' || n",
        "created_at": "created_at + n * gap",
        "updated_at": "updated_at + n * gap",
    },
    "trading_orderevent": {
        "sequence": "sequence + n * {events}",
        "order_id": "order_id + n * {orders}",
        "maker_order_id": "maker_order_id + n * {orders}",
        "trade_id": "trade_id + n * {trades}",
        "details": "CASE WHEN details ? 'client_order_id' THEN details || "
        "jsonb_build_object('client_order_id', details ->> 'client_order_id' || '-' || n) ELSE details END",
        "created_at": "created_at + n * gap",
    },
    "trading_trade": {
        "id": "id + n * {trades}",
        "sequence": "sequence + n * {events}",
        "taker_order_id": "taker_order_id + n * {orders}",
        "maker_order_id": "maker_order_id + n * {orders}",
        "ledger_transaction_id": "ledger_transaction_id + n * {trades}",
        "created_at": "created_at + n * gap",
    },
    "accounts_ledgertransaction": {
        "id": "id + n * {trades}",
        "reference": "(reference::bigint + n * {trades})::text",
        "created_at": "created_at + n * gap",
    },
    "accounts_posting": {
        "id": "id + n * {postings}",
        "transaction_id": "transaction_id + n * {trades}",
    },
}
# The rows of the stretch: deposits came before it.
_STRETCH = {
    "trading_order": "SELECT * FROM trading_order",
    "trading_orderevent": "SELECT * FROM trading_orderevent",
    "trading_trade": "SELECT * FROM trading_trade",
    "accounts_ledgertransaction": "SELECT * FROM accounts_ledgertransaction WHERE kind = 'trade'",
    "accounts_posting": """
        SELECT p.* FROM accounts_posting p JOIN accounts_ledgertransaction l ON l.id = p.transaction_id
        WHERE l.kind = 'trade'""",
}
_COUNTED = {"orders": "trading_order", "events": "trading_orderevent", "trades": "trading_trade",
            "postings": "accounts_posting"}  # fmt: skip
_FORWARD = """
    UPDATE accounts_balance b SET available = available + {copies} * moved.amount
    FROM (SELECT account_id, asset, sum(amount) AS amount FROM stretch.accounts_posting GROUP BY 1, 2) moved
    WHERE (b.account_id, b.asset) = (moved.account_id, moved.asset);
    UPDATE trading_bookstate SET sequence = sequence + {copies} * {events},
        last_event_at = last_event_at + {copies} * interval '{gap}' WHERE sequence > 0;
    SELECT setval('trading_order_id_seq', (SELECT max(id) FROM trading_order)),
        setval('trading_trade_id_seq', (SELECT max(id) FROM trading_trade)),
        setval('accounts_ledgertransaction_id_seq', (SELECT max(id) FROM accounts_ledgertransaction)),
        setval('accounts_posting_id_seq', (SELECT max(id) FROM accounts_posting))"""


def make_history(connection: psycopg.Connection, flow: HalfTrading, orders: int) -> None:
    """At least so many orders, all filled, in an exchange that has none yet; its newest are of now."""
    copies = -(-orders // flow.orders_in_a_stretch) - 1
    _trade_a_stretch(flow, clock.now() - (copies + 1) * GAP)
    sizes = _set_aside(connection)
    indexes = _drop_indexes(connection)
    for first in tqdm(range(1, copies + 1, COPIES_AT_ONCE), "copying", disable=None, leave=False):
        for table in _STRETCH:
            _copy(connection, table, first, min(first + COPIES_AT_ONCE - 1, copies), sizes)
    connection.execute(_FORWARD.format(copies=copies, gap=GAP, **sizes))
    for index in tqdm(indexes, "indexing", disable=None, leave=False):
        connection.execute(index)
    connection.execute("DROP SCHEMA stretch CASCADE")
    connection.execute("VACUUM (ANALYZE)")


def _trade_a_stretch(flow: HalfTrading, moment: datetime) -> None:
    """Through the service, with its clock at that moment."""
    now = clock.now
    clock.now = lambda: moment
    try:
        flow.fill_queues()
        flow.empty_queues()
    finally:
        clock.now = now


def _set_aside(connection: psycopg.Connection) -> dict[str, int]:
    """The stretch's rows in tables of their own; how many there are of each kind."""
    connection.execute("CREATE SCHEMA stretch")
    for table, rows in _STRETCH.items():
        connection.execute(f"CREATE TABLE stretch.{table} AS {rows}")
    return {name: _count(connection, f"stretch.{table}") for name, table in _COUNTED.items()}


def _count(connection: psycopg.Connection, table: str) -> int:
    [count] = connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)
    return int(count)


def _drop_indexes(connection: psycopg.Connection) -> list[str]:
    """Take away those that hold no constraint and are of all rows; gives the statements that make them again."""
    found = connection.execute(
        """SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
        WHERE i.indrelid::regclass::text = ANY(%s) AND NOT i.indisunique AND i.indpred IS NULL""",
        [list(_STRETCH)],
    ).fetchall()
    for name, _ in found:
        connection.execute(f"DROP INDEX {name}")
    return [statement for _, statement in found]


def _copy(connection: psycopg.Connection, table: str, first: int, last: int, sizes: dict[str, int]) -> None:
    columns, values = zip(*_columns(connection, table), strict=True)
    connection.execute(
        f"""INSERT INTO {table} ({", ".join(columns)}) SELECT {", ".join(values).format(**sizes)}
        FROM stretch.{table}, generate_series({first}, {last}) AS n, (SELECT interval '{GAP}' AS gap) AS gaps
        ORDER BY n"""
    )


def _columns(connection: psycopg.Connection, table: str) -> Iterator[tuple[str, str]]:
    """Each column with what it holds in a copy."""
    selected: Any = connection.execute(f"SELECT * FROM {table} LIMIT 0").description
    for column in selected:
        yield column.name, _CHANGED[table].get(column.name, column.name)
