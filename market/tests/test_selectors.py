import pytest

from common.errors import ErrorCode, Refused
from market.selectors import assets, market_by_symbol, markets, price_of, prices

pytestmark = pytest.mark.usefixtures("three_markets")

NO_SYMBOLS = [
    "",
    "DOGE-USDT",
    "btc-usdt",
    " BTC-USDT",
    "BTC-USDT\n",
    "BTC\x00-USDT",
    "BTC-USDT-BTC",
    "X" * 500,
    "ＢＴＣ-USDT",
    "'; DROP TABLE market_market; --",
    None,
    5,
    ["BTC-USDT"],
]


@pytest.mark.parametrize("symbol", NO_SYMBOLS)
def test_what_is_no_market_is_refused_as_unknown(symbol):
    for look_up in (market_by_symbol, price_of):
        with pytest.raises(Refused) as refusal:
            look_up(symbol)
        assert refusal.value.code is ErrorCode.UNKNOWN_SYMBOL


def test_a_market_comes_with_its_assets_in_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        market = market_by_symbol("ETH-BTC")
        assert (market.base.name, market.quote.name) == ("Ether", "Bitcoin")


def test_all_markets_come_with_their_assets_in_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert [(m.symbol, m.base.code, m.quote.precision) for m in markets()] == [
            ("BTC-USDT", "BTC", 8),
            ("ETH-BTC", "ETH", 8),
            ("ETH-USDT", "ETH", 8),
        ]


def test_assets_are_in_order_and_there_are_no_prices_yet():
    assert [asset.code for asset in assets()] == ["BTC", "ETH", "USDT"]
    assert prices() == []
    assert price_of("BTC-USDT") is None
