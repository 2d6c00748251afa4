from datetime import timedelta
from decimal import Decimal

import pytest

from common.clock import now
from common.errors import Refused
from market.models import Price
from market.selectors import price_of
from market.services import set_price

pytestmark = pytest.mark.usefixtures("three_markets")


def test_a_price_is_set_made_anew_and_leased():
    until = now() + timedelta(seconds=5)
    set_price("BTC-USDT", Decimal("64000.1"), "replay", until)
    price = set_price("BTC-USDT", Decimal(64_001), "replay", until)
    assert price_of("BTC-USDT") == price
    assert (price.index, price.source, price.leased_until) == (64_001, "replay", until)
    assert Price.objects.count() == 1


def test_setting_without_a_lease_ends_it():
    set_price("BTC-USDT", Decimal(1), "replay", now() + timedelta(hours=1))
    assert set_price("BTC-USDT", Decimal(2), "replay").leased_until is None


@pytest.mark.parametrize("index", ["0", "-1", "NaN", "Infinity"])
def test_what_is_no_price_is_refused(index):
    with pytest.raises(ValueError):
        set_price("BTC-USDT", Decimal(index), "replay")
    assert price_of("BTC-USDT") is None


def test_an_unknown_source_or_market_is_refused():
    with pytest.raises(ValueError):
        set_price("BTC-USDT", Decimal(1), "rumour")
    with pytest.raises(Refused):
        set_price("DOGE-USDT", Decimal(1), "replay")
