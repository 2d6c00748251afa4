"""What was looked at now and then."""

from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from common import clock
from kpi.models import MINUTE, GaugeStat
from kpi.windows import Window

STALE_AFTER = timedelta(minutes=5)


class Sampled(NamedTuple):
    """last: the newest of the window; average: of all of it."""

    last: Decimal
    average: Decimal


def sampled(name: str, window: Window) -> dict[str, Sampled]:
    """By label."""
    rows = GaugeStat.objects.filter(name=name, step_seconds=window.step_seconds, start__gte=window.start)
    last: dict[str, Decimal] = {}
    total: dict[str, Decimal] = {}
    samples: dict[str, int] = {}
    for row in rows.order_by("start"):
        last[row.label] = row.last
        total[row.label] = total.get(row.label, Decimal()) + row.total
        samples[row.label] = samples.get(row.label, 0) + row.samples
    return {label: Sampled(last[label], total[label] / samples[label]) for label in last}


def newest_samples(name: str) -> dict[str, Decimal]:
    """By label: as it was when it was last looked at. Nothing if nobody has looked for minutes."""
    rows = GaugeStat.objects.filter(name=name, step_seconds=MINUTE, start__gte=clock.now() - STALE_AFTER)
    return dict(rows.order_by("start").values_list("label", "last"))
