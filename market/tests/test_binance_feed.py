"""Binance's answers, good and bad, from a real server on a local port."""

import itertools
import json
from decimal import Decimal

import pytest
import requests

from market.feeds import web
from market.feeds.binance import BinanceFeed
from market.feeds.price_feed import FeedFailed, Quote
from market.tests.venue import Venue

SYMBOLS = ["BTC-USDT", "ETH-USDT", "ETH-BTC"]


@pytest.fixture
def venue(no_memory_of_feeds):
    venue = Venue()
    yield venue
    venue.close()


@pytest.fixture
def feed(venue):
    return BinanceFeed(venue.url)


def test_all_prices_come_in_one_call_under_our_names(venue, feed):
    assert feed.fetch(SYMBOLS) == {
        "BTC-USDT": Quote(Decimal("64000.12")),
        "ETH-USDT": Quote(Decimal("3200.5")),
        "ETH-BTC": Quote(Decimal("0.05001")),
    }
    assert venue.asked == [("/api/v3/ticker/price", ["BTCUSDT", "ETHBTC", "ETHUSDT"])]


def test_no_symbols_are_no_call(venue, feed):
    assert feed.fetch([]) == {}
    assert venue.asked == []


def test_one_market_that_binance_does_not_list_costs_the_others_nothing(venue, feed):
    assert set(feed.fetch(["BTC-USDT", "OUR-USDT"])) == {"BTC-USDT"}
    assert len(venue.asked) == 3
    assert set(feed.fetch(["BTC-USDT", "OUR-USDT"])) == {"BTC-USDT"}
    assert [names for _, names in venue.asked[3:]] == [["BTCUSDT"]]


def row(symbol="BTCUSDT", price="64000.12"):
    return {"symbol": symbol, "price": price}


BAD_ANSWERS = {
    "html": b"<!doctype html><title>Welcome to the hotel network</title>",
    "nothing": b"",
    "not utf-8": b"\xff\xfe\x00",
    "an object": json.dumps(row()).encode(),
    "a number": b"5",
    "null": b"null",
    "rows that are no objects": b"[1, null, []]",
    "a row without a symbol": b'[{"price": "1"}]',
    "the symbol missing": json.dumps([row("DOGEUSDT")]).encode(),
    "an empty list": b"[]",
    "a price of NaN": b'[{"symbol": "BTCUSDT", "price": NaN}]',
    "the text NaN": json.dumps([row(price="NaN")]).encode(),
    "infinity": json.dumps([row(price="Infinity")]).encode(),
    "zero": json.dumps([row(price="0.00000000")]).encode(),
    "a negative price": json.dumps([row(price="-1")]).encode(),
    "an exponent": json.dumps([row(price="1e9999999")]).encode(),
    "a price as a number": json.dumps([row(price=64000.12)]).encode(),
    "a price of null": json.dumps([row(price=None)]).encode(),
    "a price as a list": json.dumps([row(price=["1"])]).encode(),
    "forty digits": json.dumps([row(price="9" * 40)]).encode(),
    "deep nesting": b"[" * 50_000,
    "one good row and one bad": json.dumps([row(), row(price="junk")]).encode(),
}


@pytest.mark.parametrize("body", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_junk_is_a_failed_fetch_and_never_a_price(venue, feed, body):
    venue.answers(200, body)
    with pytest.raises(FeedFailed):
        feed.fetch(["BTC-USDT"])


@pytest.mark.parametrize("status", [204, 400, 403, 404, 418, 429, 451, 500, 502, 503])
def test_any_status_but_200_is_a_failed_fetch(venue, feed, status):
    venue.answers(status, json.dumps([row()]).encode())
    with pytest.raises(FeedFailed):
        feed.fetch(["BTC-USDT"])


def test_a_redirect_is_not_followed_even_to_good_prices(venue, feed):
    elsewhere = f'{venue.url}/elsewhere?symbols=["BTCUSDT"]'
    venue.reply = lambda names: (
        venue.quote(names) if len(venue.asked) > 1 else (302, b"", {"Location": elsewhere})
    )
    with pytest.raises(FeedFailed, match="302"):
        feed.fetch(["BTC-USDT"])
    assert len(venue.asked) == 1


def test_a_huge_answer_is_not_read_to_its_end(venue, feed):
    sent = []

    def endless(names):
        return 200, (sent.append(1) or b" " * 65_536 for _ in range(10_000))

    venue.reply = endless
    with pytest.raises(FeedFailed, match="bytes"):
        feed.fetch(["BTC-USDT"])
    assert len(sent) < 1_000


def test_a_compressed_answer_is_not_unpacked(venue, feed):
    venue.answers(200, b"\x1f\x8b junk", {"Content-Encoding": "gzip"})
    with pytest.raises(FeedFailed, match="compressed"):
        feed.fetch(["BTC-USDT"])


def test_a_server_that_hangs_is_given_up(venue, feed, monkeypatch):
    monkeypatch.setattr(web, "TIMEOUT_SECONDS", (0.1, 0.1))
    venue.reply = lambda names: (200, b"[]" if venue.closing.wait(30) else b"")
    with pytest.raises(FeedFailed, match="Timeout"):
        feed.fetch(["BTC-USDT"])


def test_an_answer_that_drips_is_given_up(venue, feed, monkeypatch):
    monkeypatch.setattr(web, "DEADLINE_SECONDS", 0.1)
    venue.reply = lambda names: (
        200,
        itertools.takewhile(lambda _: not venue.closing.wait(0.02), itertools.repeat(b" ")),
    )
    with pytest.raises(FeedFailed, match="does not end"):
        feed.fetch(["BTC-USDT"])


def test_an_answer_cut_short_is_a_failed_fetch(venue, feed):
    venue.answers(200, b"[", {"Content-Length": "500"})
    with pytest.raises(FeedFailed):
        feed.fetch(["BTC-USDT"])


def test_nobody_listening_is_a_failed_fetch(venue, feed):
    venue.close()
    with pytest.raises(FeedFailed, match="ConnectionError"):
        feed.fetch(["BTC-USDT"])


def test_a_name_that_does_not_resolve_or_a_wrong_address_is_a_failed_fetch(no_memory_of_feeds, monkeypatch):
    def unresolved(*args, **kwargs):
        raise requests.exceptions.InvalidURL("no such host")

    monkeypatch.setattr(requests, "get", unresolved)
    with pytest.raises(FeedFailed):
        BinanceFeed("http://exchange.invalid").fetch(["BTC-USDT"])
