"""GET /api/v1/trades/recent: from Redis, whatever happens to Redis."""

import json
import random

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from trading import recent_trades as module
from trading.models import BookState, Trade
from trading.recent_trades import Shelf, recent_trades
from trading.tests.api.desk import refusal, trade

BTC, ETH = "BTC-USDT", "ETH-USDT"
KEY = "bourse:recent-trades:1:"


@pytest.fixture
def server():
    client = redis.Redis.from_url(settings.REDIS_URL)
    yield client
    empty(client)


@pytest.fixture(autouse=True)
def fresh(server, monkeypatch):
    empty(server)
    monkeypatch.setattr(module, "shelf", Shelf())


def empty(server):
    for key in server.scan_iter(f"{KEY}*"):
        server.delete(key)


def shown(stranger, **parameters):
    answer = stranger.get("trades/recent", **parameters)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def in_database(symbol=None, limit=1000):
    """What should be shown, by ids."""
    rows = Trade.objects.filter(**{"market__symbol": symbol} if symbol else {})
    return [row.id for row in rows.order_by("-created_at", "-id")][:limit]


def ids(rows):
    return [row["id"] for row in rows]


def rows_read(symbol=None, limit=100):
    """How many statements read trades, besides the one that asks how far the markets have come."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        recent_trades(symbol, limit)
    return sum('FROM "trading_trade"' in query["sql"] for query in queries)


def test_a_new_trade_shows_at_once_newest_first(alice, bob, stranger):
    assert shown(stranger) == []
    for price in ("30000", "30001", "30002"):
        trade(bob, alice, price)
        assert shown(stranger)[0]["price"] == price
        assert shown(stranger, symbol=BTC)[0]["price"] == price
    first = shown(stranger)[-1]
    assert set(first) == {"id", "symbol", "price", "quantity", "side", "time"}
    assert (first["symbol"], first["price"], first["quantity"], first["side"]) == (
        BTC,
        "30000",
        "0.01",
        "buy",
    )


def test_all_markets_in_one_list_or_one_alone(alice, bob, stranger):
    for price in range(5):
        trade(bob, alice, str(30_000 + price))
        trade(bob, alice, str(2_000 + price), symbol=ETH)
    assert ids(shown(stranger)) == in_database()
    assert {row["symbol"] for row in shown(stranger)} == {BTC, ETH}
    assert ids(shown(stranger, symbol=ETH)) == in_database(ETH)
    assert ids(shown(stranger, limit=3)) == in_database(limit=3)


def test_it_is_served_from_redis(alice, bob, stranger):
    trade(bob, alice, "30000")
    assert rows_read() == 1  # to fill the list
    assert rows_read() == rows_read(BTC) == 0
    trade(bob, alice, "30001")
    assert rows_read(limit=1) == 1  # to continue it
    assert rows_read() == 0


def test_when_redis_was_emptied_the_list_is_made_anew(alice, bob, stranger, server):
    for price in ("30000", "30001"):
        trade(bob, alice, price)
    before = shown(stranger)
    empty(server)
    assert shown(stranger) == before
    assert server.llen(KEY + BTC) == 2 and rows_read() == 0


def test_without_redis_it_comes_from_the_database(alice, bob, stranger, settings, monkeypatch):
    trade(bob, alice, "30000")
    before = shown(stranger)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(module, "shelf", Shelf())
    assert shown(stranger) == before
    trade(bob, alice, "30001")
    assert ids(shown(stranger)) == ids(shown(stranger, symbol=BTC)) == in_database()
    assert ids(shown(stranger, limit=1)) == in_database(limit=1)


def test_what_was_traded_while_redis_was_away_is_not_missing_after(
    alice, bob, stranger, settings, monkeypatch
):
    trade(bob, alice, "30000")
    shown(stranger)
    with_redis = module.shelf
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(module, "shelf", Shelf())
    for price in ("30001", "30002"):
        trade(bob, alice, price)
        shown(stranger)
    monkeypatch.setattr(module, "shelf", with_redis)
    assert ids(shown(stranger)) == in_database() and len(in_database()) == 3


def test_more_trades_than_are_kept_leave_no_gap(alice, bob, stranger, server, monkeypatch):
    monkeypatch.setattr(module, "MOST_KEPT", 4)
    trade(bob, alice, "30000")
    shown(stranger, limit=4)
    for price in range(1, 10):
        trade(bob, alice, str(30_000 + price))
    assert ids(shown(stranger, limit=4)) == in_database(limit=4)
    assert server.llen(KEY + BTC) == 4
    trade(bob, alice, "30020")
    assert ids(shown(stranger, limit=4)) == in_database(limit=4)
    assert server.llen(KEY + BTC) == 4


def test_a_list_of_another_life_is_thrown_away(alice, bob, stranger, server):
    trade(bob, alice, "30000")
    before = shown(stranger)
    [line] = server.lrange(KEY + BTC, 0, -1)
    epoch, sequence, kept = json.loads(line)
    # The database was emptied, and came to the same sequence and id with another trade.
    server.lset(KEY + BTC, 0, json.dumps(["an-older-epoch", sequence, {**kept, "price": "1"}]))
    assert shown(stranger) == before
    # It was brought back from a copy: trades in the list never happened now.
    server.lpush(KEY + BTC, json.dumps([epoch, sequence + 9, {**kept, "id": kept["id"] + 9, "price": "1"}]))
    assert shown(stranger) == before and server.llen(KEY + BTC) == 1
    # And the market went on after that: the list ends in a trade that is not in the log.
    server.lset(KEY + BTC, 0, json.dumps([epoch, sequence, {**kept, "price": "1"}]))
    trade(bob, alice, "30001")
    assert ids(shown(stranger)) == in_database()
    assert [row["price"] for row in shown(stranger)] == ["30001", "30000"]


def test_a_reader_that_comes_late_leaves_the_list_of_another(alice, bob, stranger, server, monkeypatch):
    trade(bob, alice, "30000")
    shown(stranger)
    trade(bob, alice, "30001")
    keep = Shelf.keep

    def overtaken(shelf, *arguments):
        """While this one was reading, another has continued the list, and there was a trade more."""
        monkeypatch.setattr(Shelf, "keep", keep)
        trade(bob, alice, "30002")
        assert len(recent_trades(None, 100)) == 3
        keep(shelf, *arguments)

    monkeypatch.setattr(Shelf, "keep", overtaken)
    assert len(recent_trades(None, 100)) == 2
    assert server.llen(KEY + BTC) == 3
    assert ids(shown(stranger)) == in_database()


def test_whatever_happens_in_between_it_is_what_the_database_says(alice, bob, stranger, server):
    chance = random.Random(7)
    for step in range(60):
        what = chance.choice(["trade", "trade", "trade", "look", "empty"])
        symbol = chance.choice([BTC, ETH])
        if what == "trade":
            trade(bob, alice, str(1_000 + step), symbol=symbol)
        elif what == "empty":
            server.delete(KEY + symbol)
        limit = chance.choice([1, 3, 100])
        which = chance.choice([None, BTC, ETH])
        assert ids(recent_trades(which, limit)) == in_database(which, limit)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"symbol": "NO-SUCH"}, (404, "UNKNOWN_SYMBOL")),
        ({"symbol": "\x00"}, (400, "BAD_REQUEST")),
        ({"limit": "0"}, (400, "VALIDATION_ERROR")),
        ({"limit": "1001"}, (400, "VALIDATION_ERROR")),
        ({"sybmol": BTC}, (400, "VALIDATION_ERROR")),
    ],
)
def test_bad_questions_are_refused(stranger, parameters, expected):
    assert refusal(stranger.get("trades/recent", **parameters)) == expected


def test_an_emptied_database_shows_nothing_of_before(alice, bob, stranger):
    trade(bob, alice, "30000")
    assert shown(stranger)
    assert BookState.objects.filter(market__symbol=BTC).update(epoch="00000000-0000-0000-0000-000000000001")
    assert rows_read() == 1 and ids(shown(stranger)) == in_database()
