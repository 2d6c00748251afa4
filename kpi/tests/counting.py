"""What tests of the KPIs do again and again."""

from common.api.answered import Answered
from kpi.flusher import Flusher
from kpi.services import roll_up_slices
from kpi.tallies import Tallies


class Process:
    """Counts, and flushes when it is told to."""

    def __init__(self, *counters):
        self.tallies = Tallies(counters)
        self.flusher = Flusher(self.tallies)

    def answers(self, times=1, endpoint="/api/v1/orders", method="GET", status=200, seconds=0.001, code=""):
        for _ in range(times):
            self.tallies.count(Answered(endpoint, "", method, status, seconds, code, "", ""))
        return self

    def flushes(self):
        return self.flusher.flush()


def counted(*processes):
    """All that these have counted, brought to where the API reads it."""
    for process in processes:
        assert process.flushes()
    return roll_up_slices()
