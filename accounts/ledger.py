"""The law of the ledger, as pure functions: what goes out of one account comes into another."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import NamedTuple

from common.money import EXACT

# What the ledger's columns hold, NUMERIC(38,18) within a bound.
DECIMALS = 18
LARGEST = Decimal(10**19)


class Entry(NamedTuple):
    """`amount` is added to what the account has of the asset; negative: taken."""

    account_id: int
    asset: str
    amount: Decimal


def imbalance(entries: Iterable[Entry]) -> dict[str, Decimal]:
    """The assets whose entries do not sum to zero, with what is left over."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        totals[entry.asset] = EXACT.add(totals[entry.asset], entry.amount)
    return {asset: total for asset, total in totals.items() if total}


def fits(amount: Decimal) -> bool:
    """A number that the ledger stores as it is: nothing to round, not NaN, not beyond the bound."""
    if not amount.is_finite() or not -LARGEST <= amount <= LARGEST:
        return False
    _, digits, exponent = amount.as_tuple()
    surplus = -DECIMALS - int(exponent)
    return surplus <= 0 or not any(digits[-surplus:])


def assert_balanced(entries: Collection[Entry]) -> None:
    """The entries make a transaction: there are some, each can be stored, and they sum to zero per asset."""
    assert entries, "ledger transaction without entries"
    unfit = [entry for entry in entries if not fits(entry.amount) or not entry.amount]
    assert not unfit, f"ledger transaction with amounts that cannot be posted: {unfit}"
    left_over = imbalance(entries)
    assert not left_over, f"ledger transaction does not sum to zero: {left_over}"
