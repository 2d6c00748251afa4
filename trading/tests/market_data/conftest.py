"""A clock that stands still, a market, and somebody who asks."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from rest_framework.test import APIClient

from trading import shared_ticker
from trading.selectors import market_data
from trading.services import open_market
from trading.tests.market_data.trades import NOON, market_of


class Clock:
    """Stands at noon until it is moved."""

    def __init__(self):
        self.moment = NOON

    def __call__(self):
        return self.moment

    def moves_to(self, seconds):
        self.moment = NOON + timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(market_data, "now", clock)
    return clock


@pytest.fixture
def btc():
    market = market_of("BTC-USDT")
    open_market(market)
    return market


@pytest.fixture
def ask(settings):
    settings.RATE_LIMIT_ENABLED = False
    client = APIClient(raise_request_exception=False)

    def ask(what, query="", symbol="BTC-USDT"):
        # Trades are rows without events here, and the clock stands: nothing tells of the news.
        shared_ticker._shared.clear()
        return client.get(f"/api/v1/{what}/{quote(symbol)}{query}" if symbol else f"/api/v1/{what}")

    return ask
