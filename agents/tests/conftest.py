from decimal import Decimal

import pytest

from market.services import set_price
from trading.tests.desk import TradingDesk


@pytest.fixture
def exchange():
    """BTC-USDT at 60,000, an empty book, Alice with money and an admin."""
    desk = TradingDesk(people=("alice", "admin"), symbols=("BTC-USDT",))
    set_price("BTC-USDT", Decimal(60_000), "simulation")
    return desk
