"""24-hour statistics, exact whether or not the roll-up has run."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.services import claim_faucet, register_user
from common.clock import to_ms
from trading.models import Trade
from trading.selectors.market_data import ticker, tickers
from trading.services import NewOrder, place_order, roll_up_candles
from trading.tests.market_data.trades import NOON, market_of, print_trades

pytestmark = pytest.mark.django_db


def naive_statistics(market, moment):
    start = to_ms(moment - timedelta(days=1)) // 1000 * 1000
    inside = [
        t for t in Trade.objects.filter(market=market).order_by("sequence") if to_ms(t.created_at) >= start
    ]
    prices = [trade.price for trade in inside]
    return (
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        sum(trade.quantity for trade in inside),
        sum(trade.cost for trade in inside),
        prices[-1] - prices[0],
        len(inside),
    )


@pytest.mark.parametrize("seed", range(3))
def test_statistics_equal_a_naive_count_at_any_moment(clock, btc, seed):
    chance = random.Random(seed)
    moments = sorted(chance.randrange(100_000_000) for _ in range(400))
    trades = [(ms / 1000, chance.randint(59_000, 61_000), chance.randint(1, 9)) for ms in moments]
    print_trades(btc, *trades[:300], after=NOON)
    roll_up_candles()
    print_trades(btc, *trades[300:], after=NOON)
    eth = market_of("ETH-USDT")
    print_trades(eth, (99_000, 3000, 1), after=NOON)
    for _ in range(20):
        clock.moves_to(chance.randrange(100_000_000, 170_000_000) / 1000)
        found = ticker("BTC-USDT").statistics
        assert (
            found.open,
            found.high,
            found.low,
            found.last,
            found.volume,
            found.quote_volume,
            found.change,
            found.trades,
        ) == naive_statistics(btc, clock.moment)
        assert tickers()[0].statistics == found


@pytest.mark.parametrize("rolled_up", [True, False])
def test_a_trade_leaves_the_window_after_a_day_and_the_last_price_stays(clock, btc, rolled_up):
    print_trades(btc, (10, 100, 1), (20, 110, 1), after=NOON)
    if rolled_up:
        roll_up_candles()
    day = 86_400
    for seconds, count in [(day + 10, 2), (day + 11, 1), (day + 20, 1), (day + 21, 0)]:
        clock.moves_to(seconds)
        assert ticker("BTC-USDT").statistics.trades == count
    quiet = ticker("BTC-USDT").statistics
    assert (quiet.open, quiet.high, quiet.low, quiet.last, quiet.change) == (110, 110, 110, 110, 0)
    assert quiet.volume == quiet.quote_volume == 0


def test_all_tickers_are_one_statement_over_the_trades(clock, btc):
    for symbol in ("ETH-USDT", "ETH-BTC"):
        print_trades(market_of(symbol), (1, 3000, 1), after=NOON)
    clock.moves_to(5)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert [row.symbol for row in tickers()] == ["BTC-USDT", "ETH-BTC", "ETH-USDT"]
    assert len([query for query in queries if "market_candle" in query["sql"]]) == 1


def test_the_ticker_has_every_figure_as_a_string_and_null_before_the_first_trade(ask, clock, btc):
    empty = ask("ticker").data
    assert empty["symbol"] == "BTC-USDT"
    assert (empty["last"], empty["change"], empty["best_bid"], empty["best_ask"]) == (None,) * 4
    print_trades(btc, (0, "60000", "0.5"), (1, "59000.5", "0.5"), after=NOON)
    clock.moves_to(2)
    expected = {
        "symbol": "BTC-USDT",
        "last": "59000.5",
        "open": "60000",
        "high": "60000",
        "low": "59000.5",
        "volume": "1",
        "quote_volume": "59500.25",
        "change": "-999.5",
        "change_percent": "-1.665",
        "trades": 2,
        "best_bid": None,
        "best_ask": None,
    }
    assert ask("ticker").data == expected
    assert ask("ticker", symbol="").data == [expected]


@pytest.mark.django_db(transaction=True)
def test_the_ticker_shows_the_best_prices_of_the_book(ask, btc):
    maker = register_user("maria", "maria@example.com", "the-tulip-of-1637").account
    claim_faucet(maker.user, {"BTC": Decimal(5), "USDT": Decimal(500_000)}, 1)
    for side, price in [("buy", 59_990), ("buy", 59_995), ("sell", 60_005), ("sell", 60_010)]:
        order = NewOrder(side=side, type="limit", price=Decimal(price), quantity=Decimal("0.1"))
        place_order(maker.id, "BTC-USDT", order)
    shown = ask("ticker").data
    assert (shown["best_bid"], shown["best_ask"]) == ("59995", "60005")
    assert (shown["last"], shown["volume"], shown["trades"]) == (None, "0", 0)
