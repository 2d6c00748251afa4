"""The stretches of time that KPIs are told of."""

from datetime import datetime, timedelta
from typing import NamedTuple

from kpi.models import HOUR, MINUTE
from market.candles import floor_time


class Window(NamedTuple):
    """Whole steps, and the one under way: a little more than its name says. start: of its first step."""

    name: str
    start: datetime
    end: datetime
    step_seconds: int


LENGTHS = {
    # name: (how long, told by)
    "1h": (timedelta(hours=1), MINUTE),
    "24h": (timedelta(hours=24), HOUR),
    "7d": (timedelta(days=7), HOUR),
}
DEFAULT = "1h"


def window(name: str, now: datetime) -> Window:
    """name: one of LENGTHS."""
    length, step_seconds = LENGTHS[name]
    return Window(name, floor_time(now, step_seconds) - length, now, step_seconds)
