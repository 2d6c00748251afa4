"""What the agents read of the rest of the exchange."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from accounts.models import Account, Balance
from risk.models import Position


@dataclass(frozen=True, slots=True)
class Member:
    """An agent as the exchange knows it."""

    username: str
    account_id: int
    is_suspended: bool


class Holding(NamedTuple):
    available: Decimal = Decimal(0)
    held: Decimal = Decimal(0)


Holdings = dict[int, dict[str, Holding]]


def members(usernames: Collection[str]) -> dict[str, Member]:
    """Those of the users that exist, by name."""
    rows = Account.objects.filter(user__username__in=usernames).select_related("user")
    return {
        account.user.username: Member(account.user.username, account.pk, account.user.is_suspended)
        for account in rows
        if account.user is not None
    }


def holdings(account_ids: Collection[int]) -> Holdings:
    """What each account has, by asset."""
    found: Holdings = {account_id: {} for account_id in account_ids}
    rows = Balance.objects.filter(account_id__in=found)
    for account_id, asset, available, held in rows.values_list("account_id", "asset", "available", "held"):
        found[account_id][asset] = Holding(available, held)
    return found


def positions(market_id: int) -> dict[int, Decimal]:
    """What each account holds of a contract, in base; negative: short. Without those that are flat."""
    rows = Position.objects.filter(market_id=market_id).exclude(size=0)
    return dict(rows.values_list("account_id", "size"))
