"""What the commands that play a recorded market have in common."""

import signal
import threading
from decimal import Decimal

from django.core.management.base import CommandError

from common.money import NotANumber, parse_decimal

FASTEST = 1_000


def speed_of(text: str) -> Decimal | None:
    """Times the recorded speed; None for max."""
    if text == "max":
        return None
    try:
        speed = parse_decimal(text)
    except NotANumber:
        speed = Decimal(0)
    if not 0 < speed <= FASTEST:
        raise CommandError(f"--speed must be max or a number above 0 and up to {FASTEST}, not {text!r}.")
    return speed


def stop_on_signals() -> threading.Event:
    """Ctrl-C ends between two batches, with the report."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    return stopping
