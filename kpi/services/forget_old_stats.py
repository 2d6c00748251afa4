"""Delete roll-ups that no window reaches any more."""

from datetime import timedelta

from django.db.models import Q

from common import clock
from kpi.models import (
    HOUR,
    MINUTE,
    CounterStat,
    GaugeStat,
    Heartbeat,
    HeartbeatStat,
    LatencyStat,
    RequestStat,
    Source,
    TradingStat,
)
from kpi.services.beat_heart import slot_of

STATS = (RequestStat, LatencyStat, CounterStat, GaugeStat, TradingStat)
MINUTES_KEPT = timedelta(days=2)
HOURS_KEPT = timedelta(days=90)
SOURCES_KEPT = timedelta(days=1)  # a process that was silent for so long sends nothing twice


def forget_old_stats() -> int:
    """How many rows were deleted."""
    now = clock.now()
    old = Q(step_seconds=MINUTE, start__lt=now - MINUTES_KEPT) | Q(
        step_seconds=HOUR, start__lt=now - HOURS_KEPT
    )
    deleted = sum(stat.objects.filter(old).delete()[0] for stat in STATS)
    deleted += HeartbeatStat.objects.filter(old, step_seconds=MINUTE).delete()[
        0
    ]  # hours say since when we measure
    deleted += Heartbeat.objects.filter(slot__lt=slot_of(now - MINUTES_KEPT)).delete()[0]
    return deleted + Source.objects.filter(seen_at__lt=now - SOURCES_KEPT).delete()[0]
