"""Every trade gets into the candles once, however the roll-up is run."""

import random
import threading
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from market.candles import INTERVALS, Bar, Print, bar_of, fold
from market.models import Candle
from market.services import lock_candle_progress, make_candle_progress
from trading.models import Trade
from trading.services.roll_up_candles import roll_up_candles, roll_up_if_behind
from trading.tests.market_data.trades import NOON, market_of, print_trades


def busy_day(seed, count):
    chance = random.Random(seed)
    seconds = sorted(chance.randrange(100_000) for _ in range(count))
    return [(second, chance.randint(5_900_000, 6_100_000), chance.randint(1, 9)) for second in seconds]


def assert_candles_equal_their_trades(market):
    columns = ("price", "quantity", "cost", "created_at", "sequence")
    trades = Trade.objects.filter(market=market).order_by("sequence").values_list(*columns)
    bars = [bar_of(Print(*trade)) for trade in trades]
    shown = ("open_time", "open", "high", "low", "close", "volume", "quote_volume", "trades")
    for seconds in INTERVALS.values():
        rows = Candle.objects.filter(market=market, interval_seconds=seconds).order_by("open_time")
        assert [Bar(*row) for row in rows.values_list(*shown)] == fold(bars, seconds)


@pytest.mark.django_db
def test_trades_of_every_market_are_rolled_up_and_again_is_nothing():
    btc, eth = market_of("BTC-USDT"), market_of("ETH-USDT")
    print_trades(btc, *busy_day(1, 200), after=NOON)
    print_trades(eth, *busy_day(2, 50), after=NOON)
    assert roll_up_candles() == 250
    assert roll_up_candles() == 0
    for market in (btc, eth):
        assert_candles_equal_their_trades(market)


@pytest.mark.django_db
def test_a_long_backlog_is_worked_off_in_chunks():
    market = market_of()
    print_trades(market, *busy_day(3, 100), after=NOON)
    assert roll_up_candles(chunk=30) == 100
    assert_candles_equal_their_trades(market)


@pytest.mark.django_db
def test_a_backlog_of_exactly_one_chunk_is_worked_off():
    print_trades(market_of(), *busy_day(3, 30), after=NOON)
    assert roll_up_candles(chunk=30) == 30


@pytest.mark.django_db
def test_new_trades_are_added_to_the_candle_they_fall_in():
    market = market_of()
    for seconds in (0, 1, 1, 59):
        print_trades(market, (seconds, 60_000 + seconds, 1), after=NOON)
        assert roll_up_candles() == 1
    assert_candles_equal_their_trades(market)
    assert Candle.objects.get(market=market, interval_seconds=60).trades == 4


@pytest.mark.django_db
def test_a_market_without_trades_is_left_as_it_is():
    market_of()
    assert roll_up_candles() == 0
    assert not Candle.objects.exists()


@pytest.mark.django_db
def test_readers_roll_up_for_themselves_only_when_nobody_has_for_long():
    print_trades(market_of("ETH-USDT"), *busy_day(4, 2), after=NOON)
    print_trades(market_of(), *busy_day(4, 10), after=NOON)
    assert roll_up_if_behind(most=10) == 0
    assert not Candle.objects.exists()
    assert roll_up_if_behind(most=9) == 12
    assert roll_up_if_behind(most=0) == 0


@pytest.mark.django_db(transaction=True)
def test_a_market_that_another_roll_up_is_at_work_on_is_left_to_it():
    market = market_of()
    print_trades(market, *busy_day(4, 5), after=NOON)
    make_candle_progress(market.id)
    held, done = threading.Event(), threading.Event()

    def other():
        try:
            with transaction.atomic():
                assert lock_candle_progress(market.id) == 0
                held.set()
                done.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    held.wait(10)
    assert roll_up_candles() == 0
    done.set()
    thread.join()
    assert roll_up_candles() == 5


@pytest.mark.django_db
def test_the_command_says_how_many():
    print_trades(market_of(), *busy_day(4, 7), after=NOON)
    out = StringIO()
    call_command("roll_up_candles", stdout=out)
    assert out.getvalue() == "7 trades put into candles\n"


@pytest.mark.django_db(transaction=True)
def test_several_at_once_beside_new_trades_count_each_trade_once():
    market = market_of()
    print_trades(market, *busy_day(5, 300), after=NOON)
    start, added = threading.Barrier(4), []

    def one(arriving):
        try:
            start.wait()
            for trade in arriving:
                print_trades(market, trade, after=NOON)
                added.append(roll_up_candles(chunk=17))
            added.append(roll_up_candles(chunk=17))
        finally:
            connection.close()

    arriving = [(100_000 + i, 6_000_000, 1) for i in range(20)]
    threads = [threading.Thread(target=one, args=(trades,)) for trades in (arriving, [], [], [])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    added.append(roll_up_candles())
    assert sum(added) == 320
    assert_candles_equal_their_trades(market)
