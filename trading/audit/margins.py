"""What positions require and where they are looked at, counted anew from rows alone.

A watch price promises: as long as no mark price has come to an account's watch prices, the account needs no look.
Sweeps rest on it, for they read only positions whose watch price was reached. So it must hold with every mark one
tick short of its watch price, wherever the marks are now.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from common.audit import Check, Cursor, Rule, Violation
from common.money import EXACT, from_units, to_steps
from trading.audit.perpetuals import MILLION, UNREADABLE, Contract, ceiling, contracts, fee

REQUIRED = Rule(
    "L6-REQUIRED", 6, "requirement and exposure follow from the position and the account's live orders"
)
WATCH = Rule("L6-WATCH", 6, "no account needs a look before a mark price reaches one of its watch prices")

WARNED_AT = Fraction(5, 4)  # of the maintenance margin

_POSITIONS = """
    SELECT account_id, size, cost, mode, leverage, isolated_margin, requirement, exposure, funding_index, watch_price
    FROM risk_position WHERE market_id = %s"""

# Reduce-only orders open nothing, and orders that wait require nothing yet.
_ORDERS = """
    SELECT o.account_id, o.side, sum(o.quantity - o.filled_quantity - o.cancelled_quantity),
           sum((o.quantity - o.filled_quantity - o.cancelled_quantity) * o.price)
    FROM trading_order o LEFT JOIN trading_ordercondition c ON c.order_id = o.id
    WHERE o.market_id = %s AND o.status IN ('open', 'partially_filled') AND NOT coalesce(c.reduce_only, false)
    GROUP BY o.account_id, o.side"""

_CASH = """
    SELECT account_id, asset, available - shortage + margin FROM accounts_balance WHERE account_id = ANY(%s)"""

_LOOKED_AFTER = "SELECT account_id, market_id FROM risk_liquidation WHERE status IN ('warned', 'liquidating')"


class Row(NamedTuple):
    """A position's row; size in lots, money in units, watch in ticks. missed: funding that it has not settled yet,
    if it is to get some: watch prices count on that."""

    account_id: int
    size: int
    cost: int
    is_isolated: bool
    leverage: int
    own: int
    requirement: int
    exposure: int
    missed: Fraction
    watch: int | None


class Watched(NamedTuple):
    contract: Contract
    row: Row


def look(cursor: Cursor) -> Iterator[Violation]:
    watched: dict[tuple[int, str, int | None], list[Watched]] = defaultdict(list)
    for contract in list(contracts(cursor)):
        try:
            rows = _rows(cursor, contract)
            yield from _requirements(cursor, contract, rows)
        except UNREADABLE as error:
            yield _violation(REQUIRED, contract, f"its positions cannot be read ({error!r})")
            continue
        for row in rows.values():
            if row.size:
                about = contract.id if row.is_isolated else None
                watched[row.account_id, contract.quote, about].append(Watched(contract, row))
    yield from _watches(cursor, watched)


def _rows(cursor: Cursor, contract: Contract) -> dict[int, Row]:
    cursor.execute(_POSITIONS, [contract.id])
    return {row[0]: _row(contract, row) for row in cursor.fetchall()}


def _row(contract: Contract, row: Sequence[Any]) -> Row:
    account_id, size, cost, mode, leverage, own, requirement, exposure, index, watch = row
    lots = contract.lots(size)
    pending = Fraction(lots * (contract.funding_index - int(index)), 10**8)
    return Row(
        account_id, lots, contract.units(cost), mode == "isolated", leverage, contract.units(own),
        contract.units(requirement), contract.units(exposure), max(Fraction(0), -pending),
        None if watch is None else to_steps(watch, contract.tick),
    )  # fmt: skip


# ---- what is required ----


def _requirements(cursor: Cursor, contract: Contract, rows: dict[int, Row]) -> Iterator[Violation]:
    cursor.execute(_ORDERS, [contract.id])
    orders: dict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
    for account_id, side, quantity, notional in cursor.fetchall():
        orders[account_id][side] = contract.lots(quantity), contract.units(notional)
    for account_id in sorted(rows.keys() | orders.keys()):
        row = rows.get(account_id)
        if row is None:
            yield _violation(REQUIRED, contract, f"account {account_id} has orders and no row", account_id)
            continue
        exposure, held, ordered = _exposure(row, orders[account_id])
        margins = {_margin(row, exposure, held, ordered, rate) for rate in contract.rates}
        for name, stored, wanted in (
            ("exposure", row.exposure, {exposure}),
            ("requirement", row.requirement, margins),
        ):
            if stored not in wanted:
                told, should = (_shown(contract, each) for each in (stored, min(wanted)))
                text = f"account {account_id}: the {name} is {told}, its position and orders come to {should}"
                yield _violation(REQUIRED, contract, text, account_id)


def _exposure(row: Row, orders: dict[str, tuple[int, int]]) -> tuple[int, int, int]:
    """The larger of what the account can have on either side if one side's orders all fill; what of it is the
    position, and what is ordered."""
    along, against = ("buy", "sell") if row.size >= 0 else ("sell", "buy")
    held = abs(row.cost)
    adding = held + orders.get(along, (0, 0))[1]
    lots, notional = orders.get(against, (0, 0))
    beyond = lots - abs(row.size)
    turned = ceiling(notional * beyond, lots) if beyond > 0 else 0
    return (adding, held, adding - held) if adding >= turned else (turned, 0, turned)


def _margin(row: Row, exposure: int, held: int, ordered: int, rate: int) -> int:
    """An isolated position has its own; only what orders add to it is required of the balance."""
    if row.is_isolated:
        more = max(0, exposure - abs(row.cost))
        return ceiling(more, row.leverage) + 2 * fee(more, rate)
    return ceiling(exposure, row.leverage) + fee(exposure, rate) + fee(ordered, rate)


# ---- where it is looked at ----


def _watches(
    cursor: Cursor, watched: dict[tuple[int, str, int | None], list[Watched]]
) -> Iterator[Violation]:
    """By account, quote asset and isolated market (none: all that is cross). Whose liquidation goes on is looked at
    at every sweep."""
    cursor.execute(_LOOKED_AFTER)
    looked_after = set(cursor.fetchall())
    cursor.execute(_CASH, [sorted({account_id for account_id, _, _ in watched})])
    cash = {(account_id, asset): amount for account_id, asset, amount in cursor.fetchall()}
    for (account_id, asset, about), positions in sorted(watched.items(), key=str):
        contract = positions[0].contract
        if (account_id, about) in looked_after:
            continue
        if any(each.row.watch is None for each in positions):
            yield _violation(
                WATCH, contract, f"account {account_id} has a position that nobody watches", account_id
            )
            continue
        own = (
            contract.units(cash.get((account_id, asset), Decimal(0)))
            if about is None
            else positions[0].row.own
        )
        short = _short_of_margin(own, positions)
        if short > 0:
            text = f"account {account_id} can lack {ceiling(short.numerator, short.denominator)} units of what it "
            text += "is warned at before it is looked at"
            yield _violation(WATCH, contract, text, account_id)


def _short_of_margin(cash: int, positions: Sequence[Watched]) -> Fraction:
    """By how much equity is below the level of the warning, with each mark a tick short of its watch price."""
    equity, maintenance = Fraction(cash), 0
    for contract, row in positions:
        assert row.watch is not None
        mark = row.watch + (1 if row.size > 0 else -1)
        if mark < 0:
            return Fraction(-1)  # a short that is looked at at any price
        worth = row.size * mark * contract.step
        equity += worth - row.cost + row.missed
        maintenance += _maintenance(contract, abs(worth))
    return WARNED_AT * maintenance - equity


def _maintenance(contract: Contract, notional: int) -> int:
    """Each part of the notional at the rate of the bracket that it lies in."""
    total, ceilings = 0, [floor for floor, _ in contract.brackets[1:]]
    for (floor, rate), upto in zip(contract.brackets, [*ceilings, notional], strict=True):
        total += max(0, min(upto, notional) - floor) * rate
    return ceiling(total, MILLION)


def _shown(contract: Contract, units: int) -> str:
    return f"{EXACT.plus(from_units(units, contract.precision)).normalize():f}"


def _violation(rule: Rule, contract: Contract, text: str, account_id: int | None = None) -> Violation:
    details: dict[str, Any] = {"symbol": contract.symbol}
    if account_id is not None:
        details["account_id"] = account_id
    return Violation(rule.id, f"{contract.symbol}: {text}", details)


CHECKS = (Check((REQUIRED, WATCH), look, slow=True),)
