"""What a replay refuses, before anything is touched."""

import re

import pytest
from django.core.management import CommandError
from django.db import connection

from agents import locks
from agents.tests.recordings import depth, ticker, trade, write
from agents.tests.replays import replay, small_market
from market.models import Price
from market.selectors import price_of
from trading.models import Order
from trading.services import set_market_status

pytestmark = pytest.mark.django_db(transaction=True)

SYMBOL = "BTC-USDT"


def untouched():
    return not Order.objects.exists() and price_of(SYMBOL).source == Price.Source.SIMULATION


@pytest.mark.parametrize(
    "lines, why",
    [
        (["hello"], "line 2 does not begin with a receive time"),
        ([trade(1, "1.00", "1", s="ETHUSDT")], "line 2 is for 'ETHUSDT'"),
        (
            [trade(1, "60000.001", "1")],
            "line 2 has the price 60000.001, not a positive multiple of the tick 0.01",
        ),
    ],
)
def test_a_bad_file_is_refused_with_the_line(exchange, tmp_path, lines, why):
    with pytest.raises(CommandError, match=re.escape(why)):
        replay(small_market(tmp_path, *lines))
    assert untouched()


@pytest.mark.parametrize(
    "lines", [[], [ticker(0, 1, "1.00", "1.01")], [depth(0, 1, 1, bids=[("1.00", "9")])]]
)
def test_a_file_without_a_market_is_refused(exchange, tmp_path, lines):
    with pytest.raises(CommandError, match="nothing to replay"):
        replay(write(tmp_path / "f", *lines))
    assert untouched()


def test_a_missing_file_or_a_folder_is_refused(exchange, tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(CommandError, match="cannot be read"):
            replay(path)


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "1e3", "1001", ""])
def test_a_bad_speed_is_refused(exchange, tmp_path, speed):
    with pytest.raises(CommandError, match="--speed must be max or a number"):
        replay(small_market(tmp_path), speed=speed)


def test_a_bad_limit_a_closed_market_and_an_unknown_one_are_refused(exchange, tmp_path):
    path = small_market(tmp_path)
    with pytest.raises(CommandError, match="--limit-seconds"):
        replay(path, limit_seconds=0)
    with pytest.raises(CommandError, match="UNKNOWN_SYMBOL"):
        replay(path, symbol="DOGE-USDT")
    set_market_status(SYMBOL, "halted")
    with pytest.raises(CommandError, match="not open"):
        replay(path)


def test_outside_demo_mode_it_refuses(exchange, tmp_path, settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="demo mode only"):
        replay(small_market(tmp_path))


def test_two_replays_of_one_market_at_once_are_refused(exchange, tmp_path):
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [locks.REPLAY, price_of(SYMBOL).market_id])
    with pytest.raises(CommandError, match="Another replay"):
        replay(small_market(tmp_path))
    other.close()
