"""Stored candles: each trade in them once, whoever brings it, however often."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from market.candles import INTERVALS, Bar, Print, bar_of, fold
from market.models import Candle, CandleProgress
from market.services import make_candle_progress, record_prints

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.fixture
def market_id(three_markets):
    return three_markets["BTC-USDT"].id


def prints(first, last):
    return [
        Print(
            price=Decimal(60_000 + sequence * 37 % 101),
            quantity=Decimal(sequence % 7 + 1) / 1000,
            cost=Decimal((60_000 + sequence * 37 % 101) * (sequence % 7 + 1)) / 1000,
            created_at=NOON + timedelta(seconds=sequence * 13),
            sequence=sequence,
        )
        for sequence in range(first, last + 1)
    ]


def stored(market_id, seconds):
    rows = Candle.objects.filter(market_id=market_id, interval_seconds=seconds).order_by("open_time")
    columns = ("open_time", "open", "high", "low", "close", "volume", "quote_volume", "trades")
    return [Bar(*row) for row in rows.values_list(*columns)]


def assert_each_once(market_id, expected):
    for seconds in INTERVALS.values():
        assert stored(market_id, seconds) == fold([bar_of(print_) for print_ in expected], seconds)


def test_trades_become_candles_of_every_interval(market_id):
    assert record_prints(market_id, prints(1, 300), 300) == 300
    assert_each_once(market_id, prints(1, 300))
    assert CandleProgress.objects.get(market_id=market_id).sequence == 300


def test_the_next_trades_are_merged_into_what_is_stored(market_id):
    for first, last in [(1, 1), (2, 90), (91, 300)]:
        record_prints(market_id, prints(first, last), last)
    assert_each_once(market_id, prints(1, 300))


def test_what_is_brought_again_is_left_out(market_id):
    record_prints(market_id, prints(1, 50), 50)
    assert record_prints(market_id, prints(1, 50), 50) == 0
    assert record_prints(market_id, prints(20, 60), 60) == 10
    assert record_prints(market_id, prints(1, 10), 10) == 0
    assert_each_once(market_id, prints(1, 60))
    assert CandleProgress.objects.get(market_id=market_id).sequence == 60


def test_events_without_trades_move_the_progress_only(market_id):
    assert record_prints(market_id, [], 40) == 0
    assert CandleProgress.objects.get(market_id=market_id).sequence == 40
    assert Candle.objects.count() == 0


def test_all_candles_go_in_by_one_statement(market_id, django_assert_max_num_queries):
    make_candle_progress(market_id)
    with django_assert_max_num_queries(6):
        record_prints(market_id, prints(1, 1000), 1000)


def test_markets_do_not_mix(market_id, three_markets):
    other = three_markets["ETH-USDT"].id
    record_prints(market_id, prints(1, 5), 5)
    record_prints(other, prints(1, 9), 9)
    assert_each_once(market_id, prints(1, 5))
    assert_each_once(other, prints(1, 9))


def test_a_caller_who_mixes_up_the_order_is_stopped(market_id):
    with pytest.raises(AssertionError):
        record_prints(market_id, prints(1, 5)[::-1], 5)
    with pytest.raises(AssertionError):
        record_prints(market_id, prints(1, 5), 4)
    assert Candle.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_several_at_once_count_each_trade_once(market_id):
    start = threading.Barrier(4)
    added = []

    def one():
        try:
            start.wait()
            for last in range(40, 401, 40):
                added.append(record_prints(market_id, prints(1, last), last))
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(added) == 400
    assert_each_once(market_id, prints(1, 400))
