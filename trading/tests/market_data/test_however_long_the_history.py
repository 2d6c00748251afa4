"""No answer reads a whole table: ranges of indexes only."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from market.candles import INTERVALS
from market.models import CandleProgress
from trading.selectors.market_data import klines, last_price, public_trades, ticker, tickers
from trading.services.roll_up_candles import roll_up_if_behind
from trading.tests.market_data.trades import NOON, at, market_of

pytestmark = pytest.mark.django_db


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
