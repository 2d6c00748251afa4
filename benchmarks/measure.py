"""Rounds of contestants in turn, and what is said of them: median, lowest and highest."""

import gc
import statistics
from collections.abc import Callable, Mapping
from typing import NamedTuple

LEAST_ROUNDS = 5

# One round of a contestant: how much it did, and how many seconds that took.
Round = Callable[[], tuple[int, float]]


class Figure(NamedTuple):
    """What a contestant reached, one value per round, in `unit`."""

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def in_words(self) -> str:
        """Such as "12,345 orders/s (12,000 to 13,000)"."""
        return f"{shown(self.median)} {self.unit} ({shown(min(self.values))} to {shown(max(self.values))})"


class Comparison(NamedTuple):
    """A figure of ours, what it should at least be, and what was measured in turn with it."""

    what: str
    goal: str
    ours: Figure
    beside: tuple[Figure, ...]
    notes: tuple[str, ...] = ()


def in_turn(contestants: Mapping[str, Round], unit: str, rounds: int) -> list[Figure]:
    """A round of each, then again, so that whatever else the machine does meets all of them alike."""
    assert rounds >= LEAST_ROUNDS
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run_round in contestants.items():
            gc.collect()
            units, seconds = run_round()
            rates[name].append(units / seconds)
    return [Figure(name, unit, tuple(values)) for name, values in rates.items()]


def shown(value: float) -> str:
    """With as many digits as mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"
