"""The database goes away in the middle of a look for the streams: what was not told is told by the next look."""

import json
from unittest.mock import patch

import psycopg
import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from trading.streams import user_stream
from trading.streams.market_stream import MarketStream
from trading.streams.readers import LOST
from trading.streams.user_stream import UserStream
from trading.tests.desk import TradingDesk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    desk = TradingDesk()
    desk.sells("bob", "0.5", at="60000")
    return desk


def lost(*_):
    connection.close()
    raise psycopg.OperationalError("server closed the connection unexpectedly")


MOMENTS = {
    "after the orders and fills": lambda: patch.object(user_stream, "balances", lost),
    "at the very end": lambda: patch.object(BaseDatabaseWrapper, "_commit", lost),
}


def heard(messages):
    """(channel, type): how many rows."""
    parsed = [json.loads(message) for message in messages]
    return {(message["channel"], message["type"]): len(message["data"]) for message in parsed}


@pytest.mark.parametrize("moment", MOMENTS)
def test_changes_of_a_lost_look_are_told_by_the_next(desk, moment):
    stream = UserStream(desk.accounts["alice"])
    stream.snapshot()
    desk.buys("alice", "0.1", at="60000")
    with MOMENTS[moment](), pytest.raises(LOST):
        stream.changes()
    assert heard(stream.changes()) == {
        ("orders", "update"): 1, ("fills", "update"): 1, ("balances", "update"): 3,
    }  # fmt: skip
    assert stream.changes() == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_snapshot_that_was_lost_was_not_told(desk, moment):
    """The client still follows what it was told before."""
    stream = UserStream(desk.accounts["alice"])
    stream.snapshot()
    desk.buys("alice", "0.1", at="60000")
    with MOMENTS[moment](), pytest.raises(LOST):
        stream.snapshot()
    assert heard(stream.changes())["fills", "update"] == 1


def test_a_book_that_was_loaded_afresh_is_told_even_if_its_trades_were_lost_at_first(desk):
    stream = MarketStream("BTC-USDT")
    desk.buys("alice", "0.1", at="60000")
    stream.book._warm = None
    with patch.object(MarketStream, "_recent_trades", lost), pytest.raises(LOST):
        stream.advance()
    told = [json.loads(message) for message in stream.advance().values()]
    assert [(message["type"], message["sequence"]) for message in told] == [("snapshot", 3)] * 2
    assert stream.advance() == {}
