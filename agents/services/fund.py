"""Test money for an agent: deposits from the world outside, like the faucet's, as ledger transactions."""

from collections.abc import Mapping
from decimal import Decimal

from accounts.ledger import Entry
from accounts.models import LedgerTransaction
from accounts.services import outside_account, post_transaction
from agents import selectors
from agents.selectors import Holding


def fund(account_id: int, targets: Mapping[str, Decimal]) -> LedgerTransaction | None:
    """Bring each asset of which less than half the target is left (held included) back to its target.

    Returns the deposit, None if none was needed.
    """
    has = selectors.holdings([account_id])[account_id]
    outside = outside_account().pk
    entries = []
    for asset, target in targets.items():
        total = sum(has.get(asset, Holding()), Decimal(0))
        if total * 2 < target:
            entries += [Entry(account_id, asset, target - total), Entry(outside, asset, total - target)]
    if not entries:
        return None
    return post_transaction(LedgerTransaction.Kind.DEPOSIT, entries, reason="Funds of an agent")
