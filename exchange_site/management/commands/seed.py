"""Assets, markets, and in demo mode the people and their test money. Safe to repeat."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts.models import Account, User
from accounts.services import claim_faucet, keep_demo_key, open_account
from agents.services import ensure_agents
from risk.selectors.lending import pool_funded
from risk.services import fund_lending
from trading.services import make_first_markets, refresh_prices

DEMO_PASSWORD = "demo-pass-1"
DEMO_LENDING = {"USDT": 20_000_000, "BTC": 500, "ETH": 10_000}
DEMO_PEOPLE = [
    ("alice", User.Tier.BEGINNER, "beginner-key", "beginner-secret"),
    ("bob", User.Tier.INTERMEDIATE, "intermediate-key", "intermediate-secret"),
    ("carol", User.Tier.ADVANCED, "advanced-key", "advanced-secret"),
]


class Command(BaseCommand):
    help = "Make the assets and markets, and in demo mode users, keys and test funds. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        markets = make_first_markets()
        refresh_prices()
        self.stdout.write(f"markets: {', '.join(market.symbol for market in markets)}")
        if settings.DEMO:
            make_demo_people()
            ensure_agents(markets)
            self.stdout.write("demo users: alice, bob, carol, admin")


def make_demo_people() -> None:
    for name, tier, key, secret in DEMO_PEOPLE:
        user = make_person(name, tier=tier)
        keep_demo_key(user, key, secret)
        account: Account = open_account(user)
        if not account.balances.exists():
            claim_faucet(user, settings.FAUCET_AMOUNTS, settings.FAUCET_CLAIMS)
    admin = make_person("admin", is_staff=True, is_superuser=True)
    for asset, amount in DEMO_LENDING.items():
        if not pool_funded(asset):
            fund_lending(asset, Decimal(amount), "demo lending pool", admin)


def make_person(name: str, **fields: Any) -> User:
    user, made = User.objects.get_or_create(
        username=name, defaults={"email": f"{name}@demo.invalid", **fields}
    )
    if made:
        user.set_password(DEMO_PASSWORD)
        user.save()
    open_account(user)
    return user
