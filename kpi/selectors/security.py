"""Who was kept out, and why."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from kpi.models import CounterStat, RollUp
from kpi.selectors.samples import newest_samples
from kpi.services.roll_up_slices import SLICES
from kpi.services.take_samples import API_KEYS, SESSIONS, SUSPENDED_USERS
from kpi.watched_counters import AUTH_FAILURES_NAME, LIMIT_HITS_NAME
from kpi.windows import Window

SIGNATURES = frozenset({"signature", "timestamp", "replay"})
TOKEN = "token"


class SecurityStep(NamedTuple):
    """One minute or hour."""

    start: datetime
    auth_failures: int
    limit_hits: int


class SecurityFigures(NamedTuple):
    """auth_failures: by reason; limit_hits: by scope. suspended_users, sessions and keys (by scope) as they are now,
    None and empty if nobody has looked lately."""

    auth_failures: dict[str, int]
    limit_hits: dict[str, int]
    suspended_users: Decimal | None
    sessions: Decimal | None
    keys: dict[str, Decimal]
    steps: list[SecurityStep]
    as_of: datetime | None


def security_figures(window: Window) -> SecurityFigures:
    rows = list(
        CounterStat.objects.filter(
            name__in=(AUTH_FAILURES_NAME, LIMIT_HITS_NAME),
            step_seconds=window.step_seconds,
            start__gte=window.start,
        ).order_by("start")
    )
    return SecurityFigures(
        auth_failures=_by_label(rows, AUTH_FAILURES_NAME),
        limit_hits=_by_label(rows, LIMIT_HITS_NAME),
        suspended_users=newest_samples(SUSPENDED_USERS).get(""),
        sessions=newest_samples(SESSIONS).get(""),
        keys=newest_samples(API_KEYS),
        steps=_steps(rows),
        as_of=RollUp.objects.filter(name=SLICES).values_list("done_at", flat=True).first(),
    )


def _by_label(rows: list[CounterStat], name: str) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.name == name:
            found[row.label] += row.amount
    return dict(sorted(found.items()))


def _steps(rows: list[CounterStat]) -> list[SecurityStep]:
    starts = sorted({row.start for row in rows})
    return [
        SecurityStep(
            start,
            *(
                sum(row.amount for row in rows if row.start == start and row.name == name)
                for name in (AUTH_FAILURES_NAME, LIMIT_HITS_NAME)
            ),
        )
        for start in starts
    ]
