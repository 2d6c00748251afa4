"""Brackets of a contract: the larger a position, the less leverage it may have and the more margin it must keep.

Amounts are whole units of the quote asset, rates millionths. As on the large venues the maintenance margin is
notional x rate - amount, where each bracket's amount makes the line continuous at its floor.
"""

from bisect import bisect_right
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from common.money import format_decimal

MILLION = 1_000_000


class Row(NamedTuple):
    """floor: the notional from which the bracket holds, in units. rate and amount in millionths, of a unit too."""

    floor: int
    maximum_leverage: int
    rate: int
    amount: int


class Brackets:
    """rows: (floor in units, most leverage, maintenance rate in millionths), the lowest floor being 0."""

    def __init__(self, rows: Iterable[tuple[int, int, int]]) -> None:
        ordered = sorted(rows)
        assert ordered and ordered[0][0] == 0, "the first bracket begins at 0"
        self.rows: list[Row] = []
        for floor, most, rate in ordered:
            before = self.rows[-1] if self.rows else Row(0, most, rate, 0)
            self.rows.append(Row(floor, most, rate, before.amount + floor * (rate - before.rate)))
        self._floors = [row.floor for row in self.rows]

    def of(self, notional: int) -> Row:
        return self.rows[bisect_right(self._floors, notional) - 1]

    def maintenance(self, notional: int) -> int:
        """The margin that a position of this notional must keep, in units, rounded up."""
        row = self.rows[bisect_right(self._floors, notional) - 1]
        return -((row.amount - notional * row.rate) // MILLION)

    def maximum_leverage(self, notional: int) -> int:
        """The lowest of all brackets up to this notional."""
        return min(row.maximum_leverage for row in self.rows if row.floor <= notional)


def wrong_rows(rows: Iterable[tuple[Decimal, int, Decimal]]) -> str | None:
    """What is wrong with the brackets of a contract, (floor, most leverage, maintenance rate) each; None: nothing.

    A position that grows must never be allowed more leverage, nor need less margin, than a smaller one.
    """
    ordered = sorted(rows)
    if not ordered or ordered[0][0] != 0:
        return "The first bracket begins at 0."
    for (floor, most, rate), (next_floor, next_most, next_rate) in pairwise(ordered):
        if next_floor == floor:
            return f"Two brackets begin at {format_decimal(floor)}."
        if next_most > most:
            return f"The leverage must not rise with the size: {next_most}x after {most}x."
        if next_rate <= rate:
            shown = format_decimal(next_rate), format_decimal(rate)
            return "The maintenance rate must rise with the size: {} after {}.".format(*shown)
    for _, most, rate in ordered:
        if rate * most >= 1:
            return f"At {most}x a maintenance rate of {format_decimal(rate)} takes all of the initial margin."
    return None
