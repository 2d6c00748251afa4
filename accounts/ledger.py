"""The law of the ledger, as pure functions: what goes out of one account comes into another."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple


class Entry(NamedTuple):
    """`amount` is added to what the account has of the asset; negative: taken."""

    account_id: int
    asset: str
    amount: Decimal


def imbalance(entries: Iterable[Entry]) -> dict[str, Decimal]:
    """The assets whose entries do not sum to zero, with what is left over."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        totals[entry.asset] += entry.amount
    return {asset: total for asset, total in totals.items() if total}


def assert_balanced(entries: Iterable[Entry]) -> None:
    left_over = imbalance(entries)
    assert not left_over, f"ledger transaction does not sum to zero: {left_over}"
