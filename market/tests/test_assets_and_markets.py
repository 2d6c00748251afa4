"""GET /api/v1/assets and /api/v1/markets"""

import pytest
from rest_framework.test import APIClient

from market.models import Market

pytestmark = pytest.mark.usefixtures("three_markets")


@pytest.fixture
def client(settings):
    settings.RATE_LIMIT_ENABLED = False
    return APIClient()


def test_assets_with_their_precision(client):
    assert client.get("/api/v1/assets").json() == [
        {"code": "BTC", "name": "Bitcoin", "precision": 8},
        {"code": "ETH", "name": "Ether", "precision": 8},
        {"code": "USDT", "name": "Tether", "precision": 8},
    ]


def test_markets_with_their_rules_as_plain_decimal_strings(client):
    first, *others = client.get("/api/v1/markets").json()
    assert first == {
        "symbol": "BTC-USDT",
        "kind": "spot",
        "status": "open",
        "base": "BTC",
        "quote": "USDT",
        "base_precision": 8,
        "quote_precision": 8,
        "tick": "0.01",
        "lot": "0.00001",
        "minimum_notional": "5",
        "maximum_notional": "1000000000000",
        "maximum_open_orders": 1000,
        "maker_fee": "0.001",
        "taker_fee": "0.001",
        "price_band": None,
        "market_protection": "0.1",
        "breaker_move": None,
        "breaker_window_seconds": 60,
        "auction_seconds": 0,
        "auction_ends_at": None,
        "contract": None,
    }
    assert [market["symbol"] for market in others] == ["ETH-BTC", "ETH-USDT"]


def test_a_halted_market_says_so(client):
    Market.objects.filter(symbol="ETH-BTC").update(status="halted")
    assert [market["status"] for market in client.get("/api/v1/markets").json()] == ["open", "halted", "open"]


def test_each_list_is_one_query(client, django_assert_num_queries):
    for address in ("/api/v1/assets", "/api/v1/markets"):
        with django_assert_num_queries(1):
            client.get(address)


@pytest.mark.parametrize("address", ["/api/v1/assets", "/api/v1/markets"])
def test_they_can_only_be_read(client, address):
    assert client.post(address, {}).status_code in (401, 405)
    assert client.get(address + "/").status_code == 404
