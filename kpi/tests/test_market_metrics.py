"""Best prices, spread, depth and state of the markets, in GET /metrics."""

import pytest

from kpi.tests.test_lending_metrics import figures
from market.models import Market
from trading.tests.desk import TradingDesk

pytestmark = pytest.mark.django_db(transaction=True)
BTC = "BTC-USDT"


@pytest.fixture
def desk():
    return TradingDesk()


def test_best_prices_and_the_spread_between_them(client, desk):
    desk.sells("bob", "0.1", at="60300")
    desk.sells("bob", "0.1", at="60400")
    desk.buys("alice", "0.1", at="59700")
    told = figures(client)
    assert (told["bourse_book_price", "buy", BTC], told["bourse_book_price", "sell", BTC]) == (59_700, 60_300)
    assert told["bourse_book_spread_ratio", BTC] == 0.01


def test_depth_is_what_lies_within_one_per_cent_of_the_middle(client, desk):
    """The middle is 60,000: 60,600 is still near, 60,600.01 is not."""
    for price in ("60100", "60600", "60600.01"):
        desk.sells("bob", "0.1", at=price)
    for price in ("59900", "59400", "59399.99"):
        desk.buys("alice", "0.2", at=price)
    told = figures(client)
    assert (told["bourse_book_depth_base", "buy", BTC], told["bourse_book_depth_base", "sell", BTC]) == (
        0.4,
        0.2,
    )
    assert told["bourse_book_depth_quote", "sell", BTC] == 12_070
    assert told["bourse_book_depth_quote", "buy", BTC] == 23_860


def test_what_an_iceberg_hides_is_not_depth(client, desk):
    desk.sells("bob", "0.5", at="60000", display="0.1")
    desk.buys("alice", "0.1", at="59900")
    assert figures(client)["bourse_book_depth_base", "sell", BTC] == 0.1


def test_an_empty_side_has_no_price_and_no_spread(client, desk):
    desk.sells("bob", "0.1", at="60000")
    told = figures(client)
    assert told["bourse_book_price", "sell", BTC] == 60_000
    assert ("bourse_book_price", "buy", BTC) not in told
    assert ("bourse_book_spread_ratio", BTC) not in told
    assert told["bourse_book_depth_base", "sell", BTC] == 0, "without a middle nothing is near it"


def test_they_move_with_the_book(client, desk):
    ask = desk.sells("bob", "0.1", at="60000")
    assert figures(client)["bourse_book_price", "sell", BTC] == 60_000
    desk.cancels("bob", ask)
    assert ("bourse_book_price", "sell", BTC) not in figures(client)


def test_the_state_of_a_market(client, desk):
    desk.turns("halted")
    told = figures(client)
    assert told["bourse_market_open", "halted", BTC] == 1 and told["bourse_market_open", "open", BTC] == 0
    assert sum(told["bourse_market_open", status, "ETH-USDT"] for status in Market.Status.values) == 1


def test_a_market_that_was_never_opened_costs_nobody_the_page(client, desk):
    desk.sells("bob", "0.1", at="60000")
    new = Market.objects.get(symbol="ETH-BTC")
    new.pk, new.symbol, new.base_id, new.quote_id = None, "USDT-ETH", "USDT", "ETH"
    new.save(force_insert=True)
    told = figures(client)
    assert (told["bourse_database_up",], told["bourse_book_price", "sell", BTC]) == (1, 60_000)
    assert ("bourse_book_price", "sell", "USDT-ETH") not in told
