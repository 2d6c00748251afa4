"""Kraken's and Coinbase's answers, good and bad, from servers on local ports."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from market.feeds.coinbase import CoinbaseFeed
from market.feeds.kraken import KrakenFeed
from market.feeds.price_feed import FeedFailed, Quote
from market.tests.venue import Coinbase, Kraken

SYMBOLS = ["BTC-USDT", "ETH-USDT", "ETH-BTC"]
TRADED_AT = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)


@pytest.fixture
def kraken(no_memory_of_feeds):
    venue = Kraken()
    yield venue
    venue.close()


@pytest.fixture
def coinbase(no_memory_of_feeds):
    venue = Coinbase()
    yield venue
    venue.close()


def test_kraken_tells_all_prices_in_one_call_under_our_names(kraken):
    assert KrakenFeed(kraken.url).fetch(SYMBOLS) == {
        "BTC-USDT": Quote(Decimal("64010.1")),
        "ETH-USDT": Quote(Decimal("3201.2")),
        "ETH-BTC": Quote(Decimal("0.05002")),
    }
    assert kraken.asked == [("/0/public/Ticker", ["XBTUSDT", "ETHUSDT", "ETHXBT"])]


def test_coinbase_tells_when_each_price_was_so(coinbase):
    assert CoinbaseFeed(coinbase.url).fetch(SYMBOLS) == {
        "BTC-USDT": Quote(Decimal("64020.5"), TRADED_AT),
        "ETH-USDT": Quote(Decimal("3202.7"), TRADED_AT),
        "ETH-BTC": Quote(Decimal("0.05003"), TRADED_AT),
    }
    assert [path for path, _ in coinbase.asked] == [f"/products/{symbol}/ticker" for symbol in SYMBOLS]


@pytest.mark.parametrize(("make", "venue"), [(KrakenFeed, "kraken"), (CoinbaseFeed, "coinbase")])
def test_one_market_that_is_not_listed_costs_the_others_nothing(request, make, venue):
    venue = request.getfixturevalue(venue)
    feed = make(venue.url)
    assert set(feed.fetch(["BTC-USDT", "OUR-USDT"])) == {"BTC-USDT"}
    before = len(venue.asked)
    assert set(feed.fetch(["BTC-USDT", "OUR-USDT"])) == {"BTC-USDT"}
    assert len(venue.asked) == before + 1


def row(**changed):
    return {"c": ["64010.1", "0.1"], **changed}


def result(rows, error=()):
    return json.dumps({"error": list(error), "result": rows}).encode()


BAD_FROM_KRAKEN = {
    "html": b"<html>",
    "a list": b"[]",
    "null": b"null",
    "nothing but a result": json.dumps({"result": {"XBTUSDT": row()}}).encode(),
    "an error of theirs": result({"XBTUSDT": row()}, ["EService:Unavailable"]),
    "an error that is no list": b'{"error": "EQuery:Unknown asset pair", "result": {}}',
    "a result that is a list": json.dumps({"error": [], "result": [row()]}).encode(),
    "no row": result({}),
    "a row of null": result({"XBTUSDT": None}),
    "no last trade": result({"XBTUSDT": {"a": ["1"]}}),
    "an empty last trade": result({"XBTUSDT": row(c=[])}),
    "a last trade that is text": result({"XBTUSDT": row(c="64010.1")}),
    "a price as a number": result({"XBTUSDT": row(c=[64010.1])}),
    "a price of NaN": b'{"error": [], "result": {"XBTUSDT": {"c": [NaN]}}}',
    "the text NaN": result({"XBTUSDT": row(c=["NaN"])}),
    "zero": result({"XBTUSDT": row(c=["0.0"])}),
    "a negative price": result({"XBTUSDT": row(c=["-1"])}),
    "an exponent": result({"XBTUSDT": row(c=["1e9999999"])}),
}


@pytest.mark.parametrize("body", BAD_FROM_KRAKEN.values(), ids=BAD_FROM_KRAKEN.keys())
def test_junk_from_kraken_is_a_failed_fetch(kraken, body):
    kraken.answers(200, body)
    with pytest.raises(FeedFailed):
        KrakenFeed(kraken.url).fetch(["BTC-USDT"])


def product(price="64020.5", time=Coinbase.time):
    return json.dumps({"price": price, "time": time}).encode()


BAD_FROM_COINBASE = {
    "html": b"<html>",
    "a list": b"[]",
    "no price": json.dumps({"time": Coinbase.time}).encode(),
    "a price as a number": product(price=64020.5),
    "zero": product(price="0"),
    "infinity": product(price="Infinity"),
    "no time": json.dumps({"price": "64020.5"}).encode(),
    "a time as a number": product(time=1767323045),
    "a time without a zone": product(time="2026-01-02T03:04:05"),
    "a time of before there was any trade": product(time="0001-01-01T00:00:00+14:00"),
    "a time that is none": product(time="yesterday"),
}


@pytest.mark.parametrize("body", BAD_FROM_COINBASE.values(), ids=BAD_FROM_COINBASE.keys())
def test_junk_from_coinbase_is_a_failed_fetch(coinbase, body):
    coinbase.answers(200, body)
    with pytest.raises(FeedFailed):
        CoinbaseFeed(coinbase.url).fetch(["BTC-USDT"])


@pytest.mark.parametrize("status", [204, 400, 403, 429, 500, 503])
def test_any_status_but_200_is_a_failed_fetch(kraken, coinbase, status):
    kraken.answers(status, result({"XBTUSDT": row()}))
    coinbase.answers(status, product())
    for feed in (KrakenFeed(kraken.url), CoinbaseFeed(coinbase.url)):
        with pytest.raises(FeedFailed, match=str(status)):
            feed.fetch(["BTC-USDT"])
