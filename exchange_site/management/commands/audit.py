"""manage.py audit: are the laws of the exchange held? Exits 1 if one is broken (docs/audit.md)."""

import json
import sys
from collections.abc import Sized
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError

from common.audit import Rule
from trading.audit import NOT_CHECKED, Report, audit, broken_rules


class Command(BaseCommand):
    help = "Check the laws of the ledger and of the books, while trading goes on. Exits 1 if one is broken."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
        parser.add_argument(
            "--fast", action="store_true", help="leave out the rebuilding of the books from the whole log"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = audit(fast=options["fast"])
        except DatabaseError as error:
            raise CommandError(f"The audit could not be done: {error}") from error
        if options["json"]:
            self.stdout.write(json.dumps(as_json(report), indent=2))
        else:
            self.stdout.write("\n".join(lines(report)))
        if report.violations:
            sys.exit(1)


def as_json(report: Report) -> dict[str, Any]:
    return {
        "ok": not report.violations,
        "duration_ms": report.duration_ms,
        "rows": report.rows,
        "checked": [rule._asdict() for rule in report.checked],
        "skipped": [rule._asdict() for rule in report.skipped],
        "not_checked": list(NOT_CHECKED),
        "violations": [violation._asdict() for violation in report.violations],
    }


def lines(report: Report) -> list[str]:
    rows = ", ".join(f"{count:,} {name}" for name, count in report.rows.items())
    seconds = f"{report.duration_ms / 1000:.1f}"
    return [
        *(f"{violation.rule}: {violation.message}" for violation in report.violations),
        f"Checked {len(report.checked)} rules in {seconds} s, on one snapshot of {rows}.",
        *([f"Left out by --fast: {_names(report.skipped)}."] if report.skipped else []),
        *(f"Not checked: {each}." for each in NOT_CHECKED),
        _verdict(report),
    ]


def _verdict(report: Report) -> str:
    if not report.violations:
        return "No violation."
    broken = broken_rules(report.violations)
    return f"{_count(report.violations, 'violation')} of {_count(broken, 'rule')}: {', '.join(broken)}."


def _count(things: Sized, name: str) -> str:
    return f"{len(things):,} {name}{'' if len(things) == 1 else 's'}"


def _names(rules: list[Rule]) -> str:
    return ", ".join(rule.id for rule in rules)
