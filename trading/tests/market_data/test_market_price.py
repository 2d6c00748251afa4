"""GET /api/v1/market/price/{symbol}"""

from decimal import Decimal

import pytest

from common.clock import to_ms
from market.services import set_price
from trading.tests.market_data.trades import NOON, print_trades

pytestmark = pytest.mark.django_db
NO_FUNDING = {"predicted_funding_rate": None, "last_funding_rate": None, "next_funding_at": None}


def test_the_price_says_where_it_comes_from(ask, btc):
    assert ask("market/price").data == {
        "symbol": "BTC-USDT",
        "last": None,
        "index": None,
        "mark": None,
        "source": None,
        "updated_at": None,
        "sources": [],
        **NO_FUNDING,
    }
    print_trades(btc, (0, 60_000, 1), after=NOON)
    price = set_price("BTC-USDT", Decimal("60001.5"), "simulation")
    assert ask("market/price").data == {
        "symbol": "BTC-USDT",
        "last": "60000",
        "index": "60001.5",
        "mark": "60001.5",
        "source": "simulation",
        "updated_at": to_ms(price.updated_at),
        "sources": [
            {"source": "simulation", "price": "60001.5", "updated_at": to_ms(price.updated_at)},
        ],
        **NO_FUNDING,
    }
