"""Assets, markets, and in demo mode the people and their test money. Safe to repeat."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from accounts.models import Account, APIKey, User
from accounts.services import claim_faucet, create_api_key, open_account
from agents.services import ensure_agents
from market.models import Asset, Market
from market.services import tick_prices
from trading.services import open_market

ASSETS = [("USDT", "Tether", 8), ("BTC", "Bitcoin", 8), ("ETH", "Ether", 8)]
MARKETS = [
    # symbol, base, quote, tick, lot, least notional
    ("BTC-USDT", "BTC", "USDT", "0.01", "0.00001", "5"),
    ("ETH-USDT", "ETH", "USDT", "0.01", "0.0001", "5"),
    ("ETH-BTC", "ETH", "BTC", "0.00001", "0.001", "0.0001"),
]
DEMO_PASSWORD = "demo-pass-1"
DEMO_PEOPLE = [
    ("alice", User.Tier.BEGINNER, "beginner-key"),
    ("bob", User.Tier.INTERMEDIATE, "intermediate-key"),
    ("carol", User.Tier.ADVANCED, "advanced-key"),
]


class Command(BaseCommand):
    help = "Make the assets and markets, and in demo mode users, keys and test funds. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        make_assets()
        markets = [make_market(*row) for row in MARKETS]
        tick_prices()
        self.stdout.write(f"markets: {', '.join(market.symbol for market in markets)}")
        if settings.DEMO:
            make_demo_people()
            ensure_agents(markets)
            self.stdout.write("demo users: alice, bob, carol, admin")


def make_assets() -> None:
    for code, name, precision in ASSETS:
        Asset.objects.get_or_create(code=code, defaults={"name": name, "precision": precision})


@transaction.atomic
def make_market(symbol: str, base: str, quote: str, tick: str, lot: str, minimum: str) -> Market:
    rules = {"tick": Decimal(tick), "lot": Decimal(lot), "minimum_notional": Decimal(minimum)}
    market, made = Market.objects.get_or_create(
        symbol=symbol, defaults={"base_id": base, "quote_id": quote, **rules}
    )
    if made:
        market.full_clean()
    open_market(market)
    return market


def make_demo_people() -> None:
    for name, tier, key in DEMO_PEOPLE:
        user = make_person(name, tier=tier)
        if not APIKey.objects.filter(user=user).exists():
            create_api_key(user, "demo", [APIKey.Scope.READ, APIKey.Scope.TRADE], [], None, key=key)
        account: Account = open_account(user)
        if not account.balances.exists():
            claim_faucet(user, settings.FAUCET_AMOUNTS, settings.FAUCET_CLAIMS)
    make_person("admin", is_staff=True, is_superuser=True)


def make_person(name: str, **fields: Any) -> User:
    user, made = User.objects.get_or_create(
        username=name, defaults={"email": f"{name}@demo.invalid", **fields}
    )
    if made:
        user.set_password(DEMO_PASSWORD)
        user.save()
    open_account(user)
    return user
