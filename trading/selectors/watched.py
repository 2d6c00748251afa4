"""Whose margin must be looked at: found by index, however many accounts are healthy."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import connection, transaction

from risk.cross_margin import CrossMargin, Elsewhere
from risk.health import Health
from risk.models import Position

# Longs whose watch price the mark has fallen to, and shorts whose it has risen to.
_REACHED = """
    SELECT p.account_id, p.market_id, p.mode FROM risk_contract c
    JOIN market_price price ON price.market_id = c.market_id
    CROSS JOIN LATERAL (
        (SELECT account_id, market_id, mode FROM risk_position
         WHERE market_id = c.market_id AND size > 0 AND watch_price >= coalesce(price.mark, price.index))
        UNION ALL
        (SELECT account_id, market_id, mode FROM risk_position
         WHERE market_id = c.market_id AND size < 0 AND watch_price <= coalesce(price.mark, price.index))
    ) p"""

# Liquidations that are not over, each with its account's positions, those of size 0 too.
_OPEN = """
    SELECT l.account_id, l.market_id, l.status, p.market_id, p.size <> 0, p.mode,
           (b.available - b.shortage + b.margin)::text
    FROM risk_liquidation l
    JOIN risk_position p ON p.account_id = l.account_id AND coalesce(l.market_id, p.market_id) = p.market_id
    JOIN market_market m ON m.id = p.market_id
    JOIN accounts_balance b ON b.account_id = l.account_id AND b.asset = m.quote_id
    WHERE l.status IN ('warned', 'liquidating') ORDER BY l.account_id, p.market_id"""

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
    """An account to be looked at in a market: for its isolated position there, or for all that is cross.

    last_resort: as in LiquidateRequest.
    """

    account_id: int
    symbol: str
    last_resort: bool = False


class _Case(NamedTuple):
    """A liquidation that is not over. markets: with a position that it is about; known: where there is any row."""

    account_id: int
    market_id: int | None
    is_warned: bool
    cash: str
    markets: list[int]
    known: list[int]


def due_for_a_look() -> list[Due]:
    """Accounts whose watch price the mark has reached, those being liquidated, and those of which the warning is not
    true any more."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Both inequalities find nearly nothing, and the planner cannot know it; compiling takes longer than running.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL jit = off")
        cursor.execute(_SYMBOLS)
        symbols: dict[int, str] = dict(cursor.fetchall())
        cursor.execute(_REACHED)
        reached = cursor.fetchall()
        cursor.execute(_OPEN)
        cases = _still_to_do(_cases(cursor.fetchall()))
        cross = {account for account, _, mode in reached if mode == "cross"}
        cross |= {case.account_id for case in cases if case.market_id is None and case.markets}
        cursor.execute(_LARGEST, [sorted(cross)])
        due = [Due(account, symbol) for account, symbol in cursor.fetchall()]
    alone = {Due(account, symbols[market]) for account, market, mode in reached if mode == "isolated"}
    for case in cases:
        if case.market_id is not None or not case.markets:
            alone.add(Due(case.account_id, symbols[case.market_id or case.known[0]]))
    return [*due, *sorted(alone)]


def _cases(rows: Iterable[Any]) -> list[_Case]:
    found: dict[tuple[int, int | None], _Case] = {}
    for account_id, about, status, market_id, has_size, mode, cash in rows:
        case = found.setdefault(
            (account_id, about), _Case(account_id, about, status == "warned", cash, [], [])
        )
        case.known.append(market_id)
        if has_size and (about is not None or mode == "cross"):
            case.markets.append(market_id)
    return list(found.values())


def _still_to_do(cases: list[_Case]) -> list[_Case]:
    """Of those that are only warned, the ones that are not between the two levels any more."""
    warned = [case for case in cases if case.is_warned and case.markets]
    if not warned:
        return cases
    positions: dict[int, list[Elsewhere]] = defaultdict(list)
    margin = CrossMargin(connection.connection, {case.account_id for case in warned})
    positions |= {account: list(others) for account, others in margin.others.items()}
    return [case for case in cases if case not in warned or not _is_warned_rightly(case, positions)]


def _is_warned_rightly(case: _Case, positions: dict[int, list[Elsewhere]]) -> bool:
    about = [each for each in positions[case.account_id] if each.contract.market_id in case.markets]
    if not about:
        return False
    holdings = [each.holding for each in about if each.position.size]
    cash = about[0].contract.units(case.cash) if case.market_id is None else about[0].position.isolated_margin
    health = Health(cash, holdings)
    return not health.has_recovered and not health.must_liquidate


def markets_with_positions(account_ids: Iterable[int]) -> list[Due]:
    """Where these accounts have cross positions."""
    rows = Position.objects.filter(account_id__in=set(account_ids), mode=Position.Mode.CROSS).exclude(size=0)
    found = rows.order_by("account_id", "market_id").values_list("account_id", "market__symbol")
    return [Due(*row) for row in found]


def markets_with_orders(account_ids: Iterable[int]) -> list[Due]:
    """Where these accounts have live orders."""
    with connection.cursor() as cursor:
        cursor.execute(_ORDERS, [sorted(set(account_ids))])
        return [Due(*row) for row in cursor.fetchall()]
