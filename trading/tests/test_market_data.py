"""Candles, statistics and trades for everybody: exact whether or not the roll-up has run, and quick."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.services import claim_faucet, register_user
from common.clock import to_ms
from common.errors import Refused
from market.candles import INTERVALS
from market.models import CandleProgress
from market.services import set_price
from trading.models import Trade
from trading.selectors import market_data
from trading.selectors.market_data import klines, last_price, public_trades, ticker, tickers
from trading.services import NewOrder, open_market, place_order, roll_up_candles
from trading.services.roll_up_candles import roll_up_if_behind
from trading.tests.trades import market_of, print_trades

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


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


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def naive_klines(market, seconds, start, end, limit):
    """Walk every interval by hand, from all trades of the market, in whole seconds since 1970."""
    trades = list(Trade.objects.filter(market=market).order_by("sequence"))
    by_opening = {}
    for trade in trades:
        by_opening.setdefault(to_ms(trade.created_at) // 1000 // seconds * seconds, []).append(trade)
    rows, close = [], None
    first = min(by_opening, default=0)
    last = to_ms(end) // 1000
    for opening in range(first, last + 1, seconds):
        inside = by_opening.get(opening, [])
        prices = [trade.price for trade in inside] or [close]
        close = prices[-1]
        row = (
            opening * 1000,
            prices[0],
            max(prices),
            min(prices),
            close,
            sum((trade.quantity for trade in inside), Decimal(0)),
            sum((trade.cost for trade in inside), Decimal(0)),
            len(inside),
        )
        if opening * 1000 >= to_ms(start):
            rows.append(row)
    return rows[:limit]


def shown(bars):
    return [
        (to_ms(b.open_time), b.open, b.high, b.low, b.close, b.volume, b.quote_volume, b.trades) for b in bars
    ]


@pytest.mark.parametrize("seed", range(4))
def test_klines_equal_a_naive_count_however_far_the_roll_up_is(clock, btc, seed):
    chance = random.Random(seed)
    span = chance.choice([600, 7_200, 400_000])
    moments = sorted(chance.randrange(span * 1000) for _ in range(120))
    for stage in range(3):
        trades = [
            (
                ms / 1000,
                Decimal(chance.randint(5_900_000, 6_100_000)) / 100,
                Decimal(chance.randint(1, 99)) / 1000,
            )
            for ms in moments[stage * 40 : stage * 40 + 40]
        ]
        print_trades(btc, *trades, after=NOON)
        if stage < 2:
            roll_up_candles()
    clock.moves_to(span + 5)
    for interval, seconds in INTERVALS.items():
        if span / seconds > 20_000:
            continue
        for start, end, limit in [
            (at(0), at(span), 1000),
            (at(-1000), at(span + 1), 100),
            (at(span // 2), at(span), 7),
            (at(chance.randrange(span)), at(chance.randrange(span)), 500),
        ]:
            expected = naive_klines(btc, seconds, start, end, limit)
            assert shown(klines("BTC-USDT", interval, start, end, limit)) == expected


def test_without_a_start_the_newest_are_shown_up_to_the_minute_we_are_in(clock, btc):
    print_trades(btc, (0, 100, 1), (130, 110, 2), after=NOON)
    clock.moves_to(190)
    assert [(bar.open_time, bar.close, bar.trades) for bar in klines("BTC-USDT", "1m", limit=3)] == [
        (at(60), 100, 0),
        (at(120), 110, 1),
        (at(180), 110, 0),
    ]
    assert [bar.open_time for bar in klines("BTC-USDT", "1m", end=at(70), limit=1)] == [at(60)]


def test_the_future_has_no_candles(clock, btc):
    print_trades(btc, (0, 100, 1), after=NOON)
    assert klines("BTC-USDT", "1m", start=at(61), end=at(6000)) == []
    assert len(klines("BTC-USDT", "1m", start=at(0), end=at(6000))) == 1


def test_a_market_without_trades_has_no_candles_and_no_statistics(clock, btc):
    assert klines("BTC-USDT", "1s") == []
    assert ticker("BTC-USDT").statistics is None
    assert last_price("BTC-USDT") is None
    assert [row.symbol for row in tickers()] == ["BTC-USDT"]


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


def test_unknown_markets_are_refused(btc):
    for read in (ticker, last_price, public_trades, lambda symbol: klines(symbol, "1m")):
        for symbol in ("DOGE-USDT", "BTC\x00USDT", "X" * 500):
            with pytest.raises(Refused):
                read(symbol)


# ---- However long the history -----------------------------------------------------------------------------


@pytest.fixture
def long_history(clock, btc):
    """50,000 trades, of which 49,500 are in the candles."""
    eth = market_of("ETH-USDT")
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO trading_trade (id, market_id, sequence, price, quantity, cost, taker_side,
                   taker_order_id, maker_order_id, taker_account_id, maker_account_id, taker_fee, maker_fee,
                   ledger_transaction_id, created_at)
               SELECT n, CASE n %% 5 WHEN 0 THEN %s ELSE %s END, n, 60000, 1, 60000, 'buy',
                   1, 2, 1, 2, 0, 0, n, %s + n * interval '7 seconds'
               FROM generate_series(1, 50000) n""",
            [eth.id, btc.id, NOON],
        )
        cursor.execute(
            """INSERT INTO market_candle (market_id, interval_seconds, open_time, open, high, low, close,
                   volume, quote_volume, trades)
               SELECT market_id, size, date_bin(size * interval '1 second', created_at, 'epoch'),
                   60000, 60000, 60000, 60000, sum(quantity), sum(cost), count(*)
               FROM trading_trade, unnest(%s) size WHERE sequence <= 49500
               GROUP BY 1, 2, 3""",
            [list(INTERVALS.values())],
        )
    for market in (btc, eth):
        CandleProgress.objects.create(market=market, sequence=49_500)
    clock.moves_to(350_000)
    return btc


def scans(plan):
    """(how, what) of every scan in a plan, and how many rows it read."""
    found = []
    if "Relation Name" in plan:
        rows = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
        found.append((plan["Node Type"], plan["Relation Name"], rows))
    for below in plan.get("Plans", []):
        found += scans(below)
    return found


READS = {
    "newest klines": lambda: klines("BTC-USDT", "1m", limit=100),
    "old klines": lambda: klines("BTC-USDT", "1s", start=at(100), limit=100),
    "klines of a day": lambda: klines("BTC-USDT", "1d"),
    "ticker": lambda: ticker("BTC-USDT"),
    "tickers": tickers,
    "trades": lambda: list(public_trades("BTC-USDT")[:100]),
    "older trades": lambda: list(public_trades("BTC-USDT").filter(sequence__lt=20_000)[:100]),
    "last price": lambda: last_price("ETH-USDT"),
    "is the roll-up behind": roll_up_if_behind,
}


@pytest.mark.parametrize("analysed", [True, False], ids=["analysed", "never analysed"])
@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_no_answer_reads_a_whole_table(long_history, read, analysed):
    if analysed:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE trading_trade, market_candle")
    with CaptureQueriesContext(connection) as queries:
        read()
    touched = 0
    for query in queries:
        if "trading_trade" not in query["sql"] and "market_candle" not in query["sql"]:
            continue
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query["sql"])
            ((plan,),) = cursor.fetchall()
        for how, what, rows in scans(plan[0]["Plan"]):
            if what in ("trading_trade", "market_candle"):
                assert how != "Seq Scan", (what, query["sql"])
                touched += rows
    assert touched > 0
    # Without statistics, as in the first minute of a new exchange, a plan may be clumsy but reads no table.
    assert touched <= 1_300 or not analysed


# ---- Over HTTP --------------------------------------------------------------------------------------------


@pytest.fixture
def ask(settings):
    settings.RATE_LIMIT_ENABLED = False
    client = APIClient(raise_request_exception=False)

    def ask(what, query="", symbol="BTC-USDT"):
        return client.get(f"/api/v1/{what}/{quote(symbol)}{query}" if symbol else f"/api/v1/{what}")

    return ask


def test_klines_are_rows_of_the_contract(ask, clock, btc):
    print_trades(btc, (0, "60000.10", "0.5"), (1, "59999", "0.25"), after=NOON)
    answer = ask("klines", f"?interval=1m&start={to_ms(NOON)}&end={to_ms(NOON)}")
    assert answer.status_code == 200
    assert answer.data == [[to_ms(NOON), "60000.1", "60000.1", "59999", "59999", "0.75", "44999.8", 2]]


BAD_KLINES = [
    "interval=2m",
    "interval=",
    "interval=60",
    "interval=1M",
    "start=-1",
    "start=abc",
    "start=1.5",
    "start=1e3",
    "start=%D9%A1",
    "start=99999999999999999999",
    "end=253402300800000",
    "end=-5",
    "start=5&end=4",
    "limit=0",
    "limit=1001",
    "limit=-1",
    "limit=ten",
]


@pytest.mark.parametrize("query", BAD_KLINES)
def test_a_bad_question_for_klines_is_400(ask, btc, query):
    answer = ask("klines", f"?{query}")
    assert answer.status_code == 400
    assert answer.data["code"] == "VALIDATION_ERROR"
    assert set(answer.data["details"]) <= {"interval", "start", "end", "limit"}


@pytest.mark.parametrize(
    "query", ["start=0", "end=0", "start=253402300799999", "end=253402300799999", "limit=1000"]
)
def test_the_edges_of_time_are_no_error(ask, clock, btc, query):
    print_trades(btc, (0, 60_000, 1), after=NOON)
    for interval in INTERVALS:
        assert ask("klines", f"?interval={interval}&{query}").status_code == 200


@pytest.mark.parametrize("what", ["klines", "trades", "ticker", "market/price"])
@pytest.mark.parametrize("symbol", ["DOGE-USDT", "btc-usdt", "\n", "X" * 500])
def test_an_unknown_market_is_404_everywhere(ask, btc, what, symbol):
    answer = ask(what, symbol=symbol)
    assert (answer.status_code, answer.data["code"]) == (404, "UNKNOWN_SYMBOL")


@pytest.mark.parametrize(
    "address", ["klines/%00", "ticker/BTC%00", "klines/BTC-USDT?start=%00", "trades/%FF"]
)
def test_what_no_text_can_hold_is_refused_politely(btc, settings, address):
    settings.RATE_LIMIT_ENABLED = False
    answer = APIClient(raise_request_exception=False).get(f"/api/v1/{address}")
    assert answer.status_code in (400, 404)
    assert answer.json()["code"] in ("BAD_REQUEST", "UNKNOWN_SYMBOL")


def test_trades_come_newest_first_and_by_the_page(ask, btc):
    made = print_trades(btc, *[(n, 60_000 + n, 1) for n in range(5)], after=NOON)
    first = ask("trades", "?limit=3").data
    assert first["results"][0] == {
        "id": made[4].id,
        "price": "60004",
        "quantity": "1",
        "side": "buy",
        "time": to_ms(at(4)),
    }
    second = ask("trades", f"?limit=3&cursor={first['next_cursor']}").data
    assert [row["id"] for row in first["results"] + second["results"]] == [t.id for t in reversed(made)]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "cursor=x", "cursor=-1", "cursor=" + "9" * 30])
def test_a_bad_page_of_trades_is_400(ask, btc, query):
    assert ask("trades", f"?{query}").status_code == 400


def test_no_trade_shows_its_owners(ask, btc):
    print_trades(btc, (0, 60_000, 1), after=NOON)
    assert set(ask("trades").data["results"][0]) == {"id", "price", "quantity", "side", "time"}


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


def test_the_price_says_where_it_comes_from(ask, btc):
    assert ask("market/price").data == {
        "symbol": "BTC-USDT",
        "last": None,
        "index": None,
        "mark": None,
        "source": None,
        "updated_at": None,
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
    }


def test_the_ticker_shows_the_best_prices_of_the_book(ask, btc):
    maker = register_user("maria", "maria@example.com", "the-tulip-of-1637").account
    claim_faucet(maker.user, {"BTC": Decimal(5), "USDT": Decimal(500_000)}, 1)
    for side, price in [("buy", 59_990), ("buy", 59_995), ("sell", 60_005), ("sell", 60_010)]:
        order = NewOrder(side=side, type="limit", price=Decimal(price), quantity=Decimal("0.1"))
        place_order(maker.id, "BTC-USDT", order)
    shown = ask("ticker").data
    assert (shown["best_bid"], shown["best_ask"]) == ("59995", "60005")
    assert (shown["last"], shown["volume"], shown["trades"]) == (None, "0", 0)


def test_a_trade_that_was_made_is_in_every_answer_at_once(ask, btc):
    """Through the exchange itself, with no roll-up in between."""
    sides = {}
    for name in ("alice", "bob"):
        user = register_user(name, f"{name}@example.com", "the-tulip-of-1637")
        claim_faucet(user, {"BTC": Decimal(5), "USDT": Decimal(500_000)}, 1)
        sides[name] = user.account.id
    for name, side in (("alice", "sell"), ("bob", "buy")):
        order = NewOrder(side=side, type="limit", price=Decimal(60_000), quantity=Decimal("0.1"))
        place_order(sides[name], "BTC-USDT", order)
    (row,) = ask("klines", "?interval=1d").data
    assert row[1:] == ["60000", "60000", "60000", "60000", "0.1", "6000", 1]
    assert ask("trades").data["results"][0]["side"] == "buy"
    assert ask("ticker").data["volume"] == "0.1"
    assert ask("market/price").data["last"] == "60000"


@pytest.mark.parametrize("address", ["ticker", "klines/BTC-USDT", "market/price/BTC-USDT"])
def test_nothing_can_be_written_here(btc, address, settings):
    settings.RATE_LIMIT_ENABLED = False
    assert APIClient().post(f"/api/v1/{address}", {}).status_code in (401, 405)
