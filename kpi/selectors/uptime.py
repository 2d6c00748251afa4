"""How much of the time the exchange answered."""

from typing import NamedTuple

from django.db.models import Max, Min, Q, Sum

from kpi.models import HeartbeatStat
from kpi.services.beat_heart import slot_of
from kpi.windows import Window


class Uptime(NamedTuple):
    """In slots of five seconds. expected: since the window, or the first heartbeat ever, began. measured: those
    with a heartbeat; well: those of them in which the exchange answered."""

    expected: int
    measured: int
    well: int

    @property
    def percent(self) -> float | None:
        """What was not measured counts as down. None before the first heartbeat."""
        return self._percent_of(self.well)

    @property
    def unmeasured_percent(self) -> float | None:
        return self._percent_of(self.expected - self.measured)

    def _percent_of(self, slots: int) -> float | None:
        return 100 * slots / self.expected if self.expected else None


def uptime(window: Window) -> Uptime:
    """One query."""
    rows = HeartbeatStat.objects.filter(step_seconds=window.step_seconds)
    within = Q(start__gte=window.start)
    found = rows.aggregate(
        measured=Sum("measured", filter=within),
        well=Sum("well", filter=within),
        first=Min("first_slot"),
        last=Max("last_slot"),
    )
    if found["first"] is None:
        return Uptime(0, 0, 0)
    begin = max(slot_of(window.start), found["first"])
    # The slot under way is expected to be measured only when it is over.
    end = max(slot_of(window.end), found["last"] + 1)
    return Uptime(end - begin, found["measured"] or 0, found["well"] or 0)
