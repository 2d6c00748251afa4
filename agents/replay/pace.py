"""The recording's time against ours."""

import threading
import time
from collections.abc import Callable
from decimal import Decimal

LONGEST_WAIT_SECONDS = 1.0


class Pace:
    """`speed`: how many recorded seconds go into one of ours; None: as fast as possible."""

    def __init__(self, speed: Decimal | None, first_ns: int, stopping: threading.Event) -> None:
        self._speed = speed
        self._first_ns = first_ns
        self._stopping = stopping
        self._started_ns = time.monotonic_ns()
        self.largest_lag_ns = 0

    def is_due(self, received_ns: int) -> bool:
        return self._early_ns(received_ns) <= 0

    def wait_for(self, received_ns: int, meanwhile: Callable[[], None]) -> None:
        """Until the message is due; `meanwhile` is called now and then. Ends early when stopping."""
        while (early_ns := self._early_ns(received_ns)) > 0 and not self._stopping.is_set():
            meanwhile()
            self._stopping.wait(min(LONGEST_WAIT_SECONDS, early_ns / 10**9))
        self.largest_lag_ns = max(self.largest_lag_ns, -early_ns)

    def _early_ns(self, received_ns: int) -> int:
        """How long until the message is due; negative: how late we are."""
        if self._speed is None:
            return 0
        due_ns = self._started_ns + int((received_ns - self._first_ns) / self._speed)
        return due_ns - time.monotonic_ns()
