"""Watching the ledger while it grows: does every new transaction sum to zero, and do all balances together?

A cheap part of the audit that runs all the time. It walks all transactions once, from the first, some at a time, and
then follows the end. How far it has come stands in the cache: if that is emptied, the walk begins again.
"""

from decimal import Decimal

from django.core.cache import cache
from django.db import connection

from accounts.selectors import LEDGER_WATCH, LedgerWatch, ledger_watch
from common import clock

MOST_TRANSACTIONS = 50_000  # in one look: a tenth of a second or so
# A number may be given long before its transaction is committed; after so long none of them is still to come.
SETTLED_AFTER_MS = 60_000
MOST_FOUND = 1_000  # unbalanced transactions that are remembered

# The newest number of the part that is looked at, the newest of it that is settled, and the newest of all.
_PART = """
    WITH part AS (SELECT id, created_at FROM accounts_ledgertransaction WHERE id > %s ORDER BY id LIMIT %s)
    SELECT (SELECT max(id) FROM part), (SELECT max(id) FROM part WHERE created_at < %s),
           (SELECT max(id) FROM accounts_ledgertransaction)"""

_UNBALANCED = """
    SELECT transaction_id, asset, abs(sum(amount)) FROM accounts_posting
    WHERE transaction_id > %s AND transaction_id <= %s
    GROUP BY transaction_id, asset HAVING sum(amount) <> 0 ORDER BY transaction_id LIMIT %s"""

_STILL_UNBALANCED = """
    SELECT transaction_id, asset, abs(sum(amount)) FROM accounts_posting WHERE transaction_id = ANY(%s)
    GROUP BY transaction_id, asset HAVING sum(amount) <> 0"""

_BALANCES = """
    SELECT asset, abs(sum(available + held)) FROM accounts_balance
    GROUP BY asset HAVING sum(available + held) <> 0"""


def watch_ledger() -> LedgerWatch:
    """Look at what has come since the last look. Safe to run twice at once: the same is found."""
    known = ledger_watch()
    now_ms = clock.to_ms(clock.now())
    watch = _look(known.checked_to if known else 0, known.found if known else (), now_ms)
    cache.set(LEDGER_WATCH, watch, None)
    return watch


def _look(begin: int, known: tuple[int, ...], now_ms: int) -> LedgerWatch:
    with connection.cursor() as cursor:
        cursor.execute(_PART, [begin, MOST_TRANSACTIONS, clock.from_ms(now_ms - SETTLED_AFTER_MS)])
        end, settled, newest = cursor.fetchone()
        cursor.execute(_STILL_UNBALANCED, [list(known)])
        rows = cursor.fetchall()
        if end is not None:
            cursor.execute(_UNBALANCED, [begin, end, MOST_FOUND])
            rows = [row for row in rows if not begin < row[0] <= end] + cursor.fetchall()
        cursor.execute(_BALANCES)
        balances = dict(cursor.fetchall())
    postings: dict[str, Decimal] = {}
    for _, asset, amount in rows:
        postings[asset] = postings.get(asset, Decimal(0)) + amount
    found = tuple(sorted({row[0] for row in rows}))[:MOST_FOUND]
    behind = (newest or 0) - (end if end is not None else newest or 0)
    return LedgerWatch(settled or begin, found, postings, balances, behind, now_ms)
