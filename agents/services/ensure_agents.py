"""The agents' users, accounts and test money."""

from collections.abc import Iterable

from django.db import transaction

from accounts.models import User
from accounts.services import open_account
from agents import cast, selectors
from agents.selectors import Member
from agents.services.fund import fund
from common.errors import ErrorCode, Refused
from market.models import Market


def ensure_agents(markets: Iterable[Market]) -> list[Member]:
    """Make the agents' users where they are missing, and give each liquidity agent its funds in the assets
    of the markets. Safe to repeat: what an agent has is only filled up when half of it is gone.

    The users of a replay are made too, so that nobody else can take their names; they get money from the
    replay. Raises Refused CONFLICT if a name belongs to somebody with a password.
    """
    found = {name: ensure_member(name) for name in cast.EVERYBODY}
    assets = {asset for market in markets for asset in (market.base_id, market.quote_id)}
    targets = {asset: cast.funds(asset) for asset in sorted(assets)}
    for name in cast.LIQUIDITY_AGENTS:
        fund(found[name].account_id, targets)
    return list(found.values())


def ensure_member(username: str) -> Member:
    """The agent of that name. Raises Refused CONFLICT if the name belongs to somebody with a password."""
    with transaction.atomic():
        user, made = User.objects.get_or_create(
            username=username,
            defaults={"email": f"{username}@agents.invalid", "tier": User.Tier.ADVANCED, "password": "!"},
        )
        if made:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        if user.has_usable_password():
            raise Refused(
                ErrorCode.CONFLICT, f"The user name {username} belongs to somebody; an agent needs it."
            )
        open_account(user)
    return selectors.members([username])[username]
