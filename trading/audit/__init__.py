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
from risk.models import (
    Bracket,
    Contract,
    ExposureLimit,
    ExposureTotal,
    FundingPayment,
    Liquidation,
    LiquidationStep,
    Position,
    TierLimit,
)
from trading.audit import (
    conditions,
    contracts,
    figures,
    liquidations,
    log,
    margins,
    orders,
    positions,
    replaying,
    trades,
)
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
RISK_GUARDS = guards(
    "risk",
    (
        Bracket, Contract, ExposureLimit, ExposureTotal, FundingPayment, Liquidation, LiquidationStep, Position,
        TierLimit,
    ),
    {},
)  # fmt: skip
CHECKS: tuple[Check, ...] = (
    *ledger.CHECKS, *orders.CHECKS, *conditions.CHECKS, *trades.CHECKS, *log.CHECKS, *figures.CHECKS,
    *contracts.CHECKS, *liquidations.CHECKS, GUARDS, RISK_GUARDS, *replaying.CHECKS, *positions.CHECKS,
    *margins.CHECKS, *lending_audit.CHECKS,
)  # fmt: skip
RULES: tuple[Rule, ...] = tuple(rule for check in CHECKS for rule in check.rules)

ROWS = ledger.ROWS | {
    "orders": "trading_order",
    "conditions": "trading_ordercondition",
    "trades": "trading_trade",
    "events": "trading_orderevent",
    "books": "trading_bookstate",
    "positions": "risk_position",
    "liquidations": "risk_liquidation",
    "steps of liquidations": "risk_liquidationstep",
    "loans": "risk_loan",
    "interest charges": "risk_interestcharge",
}

NOT_CHECKED = (
    "that a fee had the rate of its day: rates may have changed since and are not on record",
    "that refused orders left no trace: a refusal is not recorded",
    "that clients have seen what the log says: what was acknowledged is known to them alone",
    "that nobody was left below the maintenance margin: what the marks were is not on record",
    "that deleveraging met those who were first in line: by which mark they stood there is not on record",
    "that the insurance fund covered no more than makers lacked whose orders lost more than they had",
    "that a funding rate follows from its samples: they are not kept for ever",
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
    measure_tables()
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        # Sums over all postings stay in memory, and no time goes into compiling queries that run once.
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
        report = check(cursor, fast)
    report.duration_ms = int((time.monotonic() - begun) * 1000)
    return report


def measure_tables() -> None:
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
