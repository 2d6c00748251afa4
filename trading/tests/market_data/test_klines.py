"""Candles, exact whether or not the roll-up has run."""

import random
from decimal import Decimal

import pytest

from common.clock import to_ms
from market.candles import INTERVALS
from trading.models import Trade
from trading.selectors.market_data import klines
from trading.services import roll_up_candles
from trading.tests.market_data.trades import NOON, at, print_trades

pytestmark = pytest.mark.django_db


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
