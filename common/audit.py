"""What an audit is made of: rules with stable names, checks that look for what breaks them, violations.

A check only reads. What it is given is a cursor on one snapshot, so that all rules speak of the same moment.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import models

from common.money import format_decimal

Cursor = Any


class Rule(NamedTuple):
    """`id` never changes its meaning; `law`: number in docs/audit.md, 0 for the guards of all of them."""

    id: str
    law: int
    says: str


class Violation(NamedTuple):
    """Something that breaks a rule: in plain words, and with the ids and figures by name."""

    rule: str
    message: str
    details: dict[str, Any]


class Check(NamedTuple):
    """One look at the data, for one or more rules. `slow`: it walks rows and is left out of a fast audit."""

    rules: tuple[Rule, ...]
    find: Callable[[Cursor], Iterable[Violation]]
    slow: bool = False


def by_query(rule_id: str, law: int, says: str, query: str, message: str, *parameters: Any) -> Check:
    """A rule whose violations are the rows of `query`; `message` names columns in braces."""

    def find(cursor: Cursor) -> list[Violation]:
        return [Violation(rule_id, message.format(**row), row) for row in rows(cursor, query, *parameters)]

    return Check((Rule(rule_id, law, says),), find)


def rows(cursor: Cursor, query: str, *parameters: Any) -> list[dict[str, Any]]:
    """The rows of a query as dictionaries, numbers in plain notation."""
    cursor.execute(query, parameters)
    names = [column.name for column in cursor.description]
    return [
        {name: _plain(value) for name, value in zip(names, row, strict=True)} for row in cursor.fetchall()
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format_decimal(value)
    return value.isoformat() if isinstance(value, datetime) else value


_GUARDS = """
    SELECT t.name AS table, t.guard FROM unnest(%s::text[], %s::text[]) AS t(name, guard)
    WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass(t.name) AND tgname = t.guard
                      AND tgenabled IN ('O', 'A'))
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass(t.name) AND conname = t.guard
                      AND convalidated)
      AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = to_regclass(t.name)
                      AND indexrelid = to_regclass(quote_ident(t.guard)) AND indisvalid AND indisunique)
    ORDER BY 1, 2"""


def guards(room: str, tables: Sequence[type[models.Model]], triggers: dict[str, Sequence[str]]) -> Check:
    """The database's own guards stand: the constraints that the models name, and these triggers per table."""
    names = [(table._meta.db_table, each.name) for table in tables for each in table._meta.constraints]
    names += [(table, trigger) for table, each in triggers.items() for trigger in each]
    return by_query(
        f"L0-GUARDS-{room.upper()}",
        0,
        f"the triggers and constraints that hold the laws of {room} are in place and switched on",
        _GUARDS,
        "table {table}: the guard {guard} is missing or switched off",
        [table for table, _ in names],
        [guard for _, guard in names],
    )
