"""How much of the time the exchange answered."""

from typing import NamedTuple

from django.db.models import Max, Sum

from kpi.models import HOUR, HeartbeatStat
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
    """Two queries. What a clock that was ahead has measured counts when its time has come."""
    # Hours are kept for ever: an exchange that was away for long did not begin when it came back.
    hours = HeartbeatStat.objects.filter(step_seconds=HOUR).order_by("start")
    first = hours.values_list("first_slot", flat=True).first()
    if first is None:
        return Uptime(0, 0, 0)
    within = {"step_seconds": window.step_seconds, "start__gte": window.start, "start__lte": window.end}
    found = HeartbeatStat.objects.filter(**within).aggregate(
        measured=Sum("measured"), well=Sum("well"), last=Max("last_slot")
    )
    begin = max(slot_of(window.start), first)
    # The slot under way is expected to be measured only when it is over.
    end = max(slot_of(window.end), (found["last"] or 0) + 1, begin)
    return Uptime(end - begin, found["measured"] or 0, found["well"] or 0)
