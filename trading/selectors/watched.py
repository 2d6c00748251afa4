"""Whose margin must be looked at: found by index, however many accounts are healthy."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import connection

# Longs whose watch price the mark has fallen to, and shorts whose it has risen to; those being liquidated.
_DUE = """
    SELECT p.account_id, p.market_id, p.mode FROM risk_contract c
    JOIN market_price price ON price.market_id = c.market_id
    CROSS JOIN LATERAL (
        (SELECT account_id, market_id, mode FROM risk_position
         WHERE market_id = c.market_id AND size > 0 AND watch_price >= coalesce(price.mark, price.index))
        UNION ALL
        (SELECT account_id, market_id, mode FROM risk_position
         WHERE market_id = c.market_id AND size < 0 AND watch_price <= coalesce(price.mark, price.index))
    ) p
    UNION
    SELECT l.account_id, p.market_id, p.mode
    FROM risk_liquidation l
    JOIN risk_position p ON p.account_id = l.account_id AND p.size <> 0
        AND (l.market_id = p.market_id OR (l.market_id IS NULL AND p.mode = 'cross'))
    WHERE l.status = ANY(%s::text[])"""

# Where the account's cross positions are judged: where most margin must be kept.
_LARGEST = """
    SELECT DISTINCT ON (p.account_id) p.account_id, m.symbol FROM risk_position p
    JOIN market_market m ON m.id = p.market_id
    JOIN market_price price ON price.market_id = p.market_id
    WHERE p.account_id = ANY(%s::bigint[]) AND p.mode = 'cross' AND p.size <> 0
    ORDER BY p.account_id, abs(p.size) * coalesce(price.mark, price.index) DESC, p.market_id"""

_SYMBOLS = "SELECT id, symbol FROM market_market WHERE kind = 'perpetual'"

_ORDERS = """
    SELECT DISTINCT o.account_id, m.symbol FROM trading_order o JOIN market_market m ON m.id = o.market_id
    WHERE o.account_id = ANY(%s::bigint[])
      AND o.status IN ('new', 'pending_trigger', 'open', 'partially_filled')"""


class Due(NamedTuple):
    """An account to be looked at in a market: for its isolated position there, or for all that is cross."""

    account_id: int
    symbol: str


def due_for_a_look(statuses: Sequence[str]) -> list[Due]:
    """Accounts whose watch price the mark has reached, and those with a liquidation of these statuses."""
    with connection.cursor() as cursor:
        cursor.execute(_SYMBOLS)
        symbols = dict(cursor.fetchall())
        cursor.execute(_DUE, [list(statuses)])
        found = cursor.fetchall()
        cross = sorted({account for account, _, mode in found if mode == "cross"})
        cursor.execute(_LARGEST, [cross])
        due = [Due(account, symbol) for account, symbol in cursor.fetchall()]
    isolated = {Due(account, symbols[market]) for account, market, mode in found if mode == "isolated"}
    return [*due, *sorted(isolated)]


def markets_with_orders(account_ids: Iterable[int]) -> list[Due]:
    """Where these accounts have live orders."""
    with connection.cursor() as cursor:
        cursor.execute(_ORDERS, [sorted(set(account_ids))])
        return [Due(*row) for row in cursor.fetchall()]
