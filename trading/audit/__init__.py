"""Does the exchange hold its laws? (docs/audit.md)

All rules look at one snapshot, so the audit is right while trading goes on, and it writes nothing.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection, transaction

from accounts import audit as ledger
from common.audit import Check, Cursor, Rule, Violation, guards
from risk import lending_audit
from trading.audit import conditions, figures, log, orders, replaying, trades
from trading.models import Order, OrderCondition, Trade

GUARDS = guards(
    "trading",
    (Order, OrderCondition, Trade),
    {
        "trading_orderevent": ("append_only",),
        "trading_trade": ("append_only",),
        "market_market": ("steps_stay",),
    },
)
CHECKS: tuple[Check, ...] = (
    *ledger.CHECKS, *orders.CHECKS, *conditions.CHECKS, *trades.CHECKS, *log.CHECKS, *figures.CHECKS, GUARDS,
    *lending_audit.CHECKS, *replaying.CHECKS,
)  # fmt: skip
RULES: tuple[Rule, ...] = tuple(rule for check in CHECKS for rule in check.rules)

ROWS = ledger.ROWS | {
    "orders": "trading_order",
    "conditions": "trading_ordercondition",
    "trades": "trading_trade",
    "events": "trading_orderevent",
    "books": "trading_bookstate",
    "loans": "risk_loan",
    "interest charges": "risk_interestcharge",
}

NOT_CHECKED = (
    "that a fee had the rate of its day: rates may have changed since and are not on record",
    "that refused orders left no trace: a refusal is not recorded",
    "that clients have seen what the log says: what was acknowledged is known to them alone",
    "positions, funding and the insurance fund (law 6): there are none yet",
)


@dataclass(slots=True)
class Report:
    """What was looked at and what was found. `skipped`: the rules that a fast audit leaves out."""

    violations: list[Violation] = field(default_factory=list)
    checked: list[Rule] = field(default_factory=list)
    skipped: list[Rule] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    duration_ms: int = 0


def audit(fast: bool = False) -> Report:
    """Check all rules on one snapshot. fast: leave out the rules that walk the whole log."""
    begun = time.monotonic()
    _measure_tables()
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        # Sums over all postings stay in memory, and no time goes into compiling queries that run once.
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
        report = check(cursor, fast)
    report.duration_ms = int((time.monotonic() - begun) * 1000)
    return report


def _measure_tables() -> None:
    """Tell the planner how large the tables are now: with figures from when they were empty, it would
    compare every row with every row."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(ROWS.values())}")


def check(cursor: Cursor, fast: bool = False) -> Report:
    """As `audit`, on the snapshot that the cursor's transaction has."""
    report = Report()
    for each in CHECKS:
        if fast and each.slow:
            report.skipped += each.rules
        else:
            report.violations += each.find(cursor)
            report.checked += each.rules
    report.rows = {name: _count(cursor, table) for name, table in ROWS.items()}
    return report


def _count(cursor: Cursor, table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {table}")
    return int(cursor.fetchone()[0])


def broken_rules(violations: Iterable[Violation]) -> list[str]:
    return sorted({violation.rule for violation in violations})
