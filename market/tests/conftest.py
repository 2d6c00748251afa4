"""The demo's three markets."""

from decimal import Decimal

import pytest
from django.core.cache import cache

from market.models import Asset, Market


@pytest.fixture
def three_markets(db):
    assets = [("USDT", "Tether", 8), ("BTC", "Bitcoin", 8), ("ETH", "Ether", 8)]
    for code, name, precision in assets:
        Asset.objects.get_or_create(code=code, defaults={"name": name, "precision": precision})
    steps = [
        ("BTC-USDT", "0.01", "0.00001", "5"),
        ("ETH-USDT", "0.01", "0.0001", "5"),
        ("ETH-BTC", "0.00001", "0.001", "0.0001"),
    ]
    for symbol, tick, lot, minimum_notional in steps:
        base, quote = symbol.split("-")
        Market.objects.get_or_create(
            symbol=symbol,
            defaults={
                "base_id": base,
                "quote_id": quote,
                "tick": Decimal(tick),
                "lot": Decimal(lot),
                "minimum_notional": Decimal(minimum_notional),
            },
        )
    return {market.symbol: market for market in Market.objects.all()}


@pytest.fixture
def no_memory_of_feeds():
    """Breakers closed, nothing known as unlisted."""

    def forget():
        for feed in ("binance", "kraken", "coinbase"):
            for field in ("state", "failures", "successes", "opened_at", "openings"):
                cache.delete(f"breaker:{feed}:{field}")
            cache.delete(f"feed:{feed}:unlisted")

    forget()
    yield
    forget()
