"""The floor under a durable batch: the rows that the service wrote, copied by hand into tables of the same shape.

Into a schema of its own with the same columns, checks and indexes, by COPY of ready text, all rows of a batch in
one transaction. No trigger, no lock, no question asked. A row that the service changed (an order that was
filled, a balance) is copied as one more row, into a table without indexes.
"""

from collections.abc import Sequence
from itertools import pairwise
from time import perf_counter
from typing import Any, NamedTuple

_SCHEMA = """
    DROP SCHEMA IF EXISTS floor CASCADE;
    CREATE SCHEMA floor;
    CREATE TABLE floor.events (LIKE trading_orderevent INCLUDING ALL);
    CREATE TABLE floor.orders (LIKE trading_order INCLUDING ALL);
    CREATE TABLE floor.trades (LIKE trading_trade INCLUDING ALL);
    CREATE TABLE floor.transactions (LIKE accounts_ledgertransaction INCLUDING ALL);
    CREATE TABLE floor.postings (LIKE accounts_posting INCLUDING ALL);
    CREATE TABLE floor.changed_orders (LIKE trading_order);
    CREATE TABLE floor.changed_balances (LIKE accounts_balance)"""

_EVENTS = "SELECT * FROM trading_orderevent WHERE market_id = {market} AND sequence > {after} AND sequence <= {last}"
_TRADES = (
    "SELECT * FROM trading_trade WHERE market_id = {market} AND sequence > {after} AND sequence <= {last}"
)
_ROWS = {
    "events": _EVENTS,
    "orders": f"SELECT o.* FROM trading_order o JOIN ({_EVENTS}) e ON e.order_id = o.id AND e.kind = 'A'",
    "trades": _TRADES,
    "transactions": f"""
        SELECT l.* FROM accounts_ledgertransaction l JOIN ({_TRADES}) t ON t.ledger_transaction_id = l.id""",
    "postings": f"SELECT p.* FROM accounts_posting p JOIN ({_TRADES}) t ON t.ledger_transaction_id = p.transaction_id",
    "changed_orders": f"""
        SELECT o.* FROM trading_order o WHERE o.id IN (SELECT maker_order_id FROM ({_EVENTS}) e)
            AND o.id NOT IN (SELECT order_id FROM ({_EVENTS}) e WHERE kind = 'A')""",
    "changed_balances": f"""
        SELECT b.* FROM accounts_balance b JOIN market_market m ON b.asset IN (m.base_id, m.quote_id)
        WHERE m.id = {{market}} AND b.account_id IN (
            SELECT account_id FROM ({_EVENTS}) e UNION SELECT maker_account_id FROM ({_EVENTS}) e)""",
}


class BatchRows(NamedTuple):
    """What one batch wrote: per table the rows as COPY text."""

    texts: dict[str, bytes]

    def number(self) -> int:
        return sum(text.count(b"\n") for text in self.texts.values())


def make_floor(connection: Any) -> None:
    connection.execute(_SCHEMA)


def rows_between(connection: Any, market_id: int, sequences: Sequence[int]) -> list[BatchRows]:
    """The rows of each batch; a batch lies between two neighbours of `sequences`."""
    return [_rows(connection, market_id, after, last) for after, last in pairwise(sequences)]


def _rows(connection: Any, market_id: int, after: int, last: int) -> BatchRows:
    texts = {}
    for table, query in _ROWS.items():
        select = query.format(market=market_id, after=after, last=last)
        with connection.cursor().copy(f"COPY ({select}) TO STDOUT") as copy:
            texts[table] = b"".join(bytes(part) for part in copy)
    return BatchRows(texts)


def copy_rows(connection: Any, batches: Sequence[BatchRows]) -> float:
    """Copy each batch in a transaction; the seconds it took."""
    begun = perf_counter()
    for batch in batches:
        with connection.transaction():
            for table, text in batch.texts.items():
                with connection.cursor().copy(f"COPY floor.{table} FROM STDIN") as copy:
                    copy.write(text)
    return perf_counter() - begun
