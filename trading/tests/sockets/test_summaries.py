"""Tickers and candles on /ws/marketdata"""

import asyncio
import threading
from datetime import timedelta

import pytest

from common import clock
from common.clock import to_ms
from market.candles import INTERVALS, ceil_time
from trading.consumers import market_data as consumer
from trading.selectors import market_data
from trading.streams import market_summary, readers, summaries
from trading.streams.market_stream import MarketStream
from trading.tests.sockets.server import eventually

EVERY_KLINE = [f"kline_{interval}" for interval in INTERVALS]


@pytest.fixture
def looks(monkeypatch):
    """The channels that were looked at."""
    seen = []

    def noted(symbol, channel, shown, look=summaries.look):
        seen.append(channel)
        return look(symbol, channel, shown)

    monkeypatch.setattr(summaries, "look", noted)
    return seen


def rest_ticker(desk, symbol="BTC-USDT"):
    return desk.get(f"ticker/{symbol}").json()


def rest_kline(desk, interval, symbol="BTC-USDT"):
    """The newest candle."""
    return desk.get(f"klines/{symbol}", interval=interval, limit=1).json()[-1]


def test_the_example_of_the_contract_is_served(server, alice, bob):
    alice.sells("0.5", "30000")
    bob.buys("0.2", "30000")
    client = server.client()
    _, _, ticker, kline = client.subscribe("book", "trades", "ticker", "kline_1d")
    assert ticker == {
        "channel": "ticker", "type": "snapshot", "symbol": "BTC-USDT", "ticker": rest_ticker(alice),
    }  # fmt: skip
    assert kline == {
        "channel": "kline_1d", "type": "snapshot", "symbol": "BTC-USDT", "kline": rest_kline(alice, "1d"),
    }  # fmt: skip
    assert ticker["ticker"]["last"] == "30000" and kline["kline"][5] == "0.2"


def test_every_interval_is_a_channel_and_empty_before_the_first_trade(server):
    client = server.client()
    ticker, *klines = client.subscribe("ticker", *EVERY_KLINE)
    assert ticker["ticker"]["last"] is None and ticker["ticker"]["trades"] == 0
    assert len(klines) == 7 and all(message["kline"] is None for message in klines)


def test_after_the_last_trade_they_show_what_the_api_shows(server, alice, bob):
    client = server.client()
    client.subscribe("ticker", "kline_1d")
    alice.sells("0.5", "30000")
    for _ in range(8):
        bob.buys("0.05", "30000")
    shown = {"ticker": rest_ticker(alice), "kline_1d": rest_kline(alice, "1d")}
    assert shown["ticker"]["trades"] == 8 and shown["ticker"]["best_ask"] == "30000"
    last = {}
    while last != shown:
        message = client.hear()
        assert message["type"] == "update"
        last[message["channel"]] = message.get("ticker") or message["kline"]


def test_a_ticker_follows_the_best_prices_even_without_a_trade(server, alice, looks):
    client = server.client()
    client.subscribe("ticker", "kline_1m")
    order = alice.buys("0.5", "30000")
    assert client.hear()["ticker"]["best_bid"] == "30000"
    alice.delete(f"orders/{order['id']}")
    assert client.hear()["ticker"]["best_bid"] is None


def test_a_ticker_read_between_two_looks_at_the_log_is_not_left_stale(server, alice, monkeypatch):
    """The log shows an order and its cancel at one look, and so no change; the ticker was read between them."""
    client = server.client()
    client.subscribe("ticker")
    go_on, advance = threading.Event(), MarketStream.advance
    monkeypatch.setattr(MarketStream, "advance", lambda stream: go_on.wait(20) and advance(stream))
    order = alice.buys("0.5", "30000")
    hub = consumer.hubs._hubs["BTC-USDT"]
    hub._task.get_loop().call_soon_threadsafe(hub._summaries.touch, ["ticker"])
    assert client.hear()["ticker"]["best_bid"] == "30000"
    alice.delete(f"orders/{order['id']}")
    go_on.set()
    assert client.hear()["ticker"]["best_bid"] is None


def test_what_nobody_listens_to_is_not_looked_at(server, alice, bob, looks):
    client = server.client()
    client.subscribe("trades", "kline_1h", "ticker")
    client.say(action="unsubscribe", channels=["ticker"], symbol="BTC-USDT")
    client.hear_until(lambda message: message["type"] == "unsubscribed")
    looks.clear()
    alice.sells("0.5", "30000")
    bob.buys("0.2", "30000")
    client.hear_until(lambda message: message.get("channel") == "kline_1h" and message["type"] == "update")
    assert set(looks) == {"kline_1h"}


@pytest.fixture
def pause(monkeypatch):
    """An event: the pause after a look lasts until it is set."""
    over, sleep = threading.Event(), asyncio.sleep

    async def sleep_or_wait(seconds):
        while seconds == 12_345 and not over.is_set():
            await sleep(0.01)
        await sleep(0 if seconds == 12_345 else seconds)

    monkeypatch.setattr(summaries, "PAUSE_SECONDS", 12_345)
    monkeypatch.setattr(asyncio, "sleep", sleep_or_wait)
    yield over
    over.set()


def test_all_trades_during_a_pause_are_one_look(server, alice, bob, looks, pause):
    client = server.client()
    client.subscribe("trades", "kline_1d")
    eventually(lambda: len(looks) == 2, "the look after the snapshot, and its pause")
    alice.sells("0.5", "30000")
    for _ in range(10):
        bob.buys("0.01", "30000")
    told = 0
    while told < 10:
        message = client.hear()
        assert message["channel"] == "trades"
        told += len(message["trades"])
    assert len(looks) == 2
    pause.set()
    assert client.hear()["kline"] == rest_kline(alice, "1d")
    assert len(looks) == 3


def test_a_look_that_fails_is_made_again(server, alice, bob, monkeypatch):
    monkeypatch.setattr(summaries, "RETRY_SECONDS", 0.01)
    client = server.client()
    client.subscribe("ticker")
    failures = [readers.LOST[0](), RuntimeError(), None]

    def failing(symbol, channel, shown):
        failure = failures.pop(0) if failures else None
        if failure is not None:
            raise failure
        return market_summary.look(symbol, channel, shown)

    monkeypatch.setattr(summaries, "look", failing)
    alice.sells("0.5", "30000")
    assert client.hear()["ticker"]["best_ask"] == "30000"


def test_a_second_listener_takes_nothing_from_the_first(server, alice, bob, looks, pause):
    """Its snapshot shows a trade that the first has not been told of yet."""
    first, second = server.client(), server.client()
    first.subscribe("trades", "kline_1d")
    eventually(lambda: len(looks) == 2, "the look after the snapshot, and its pause")
    alice.sells("0.5", "30000")
    bob.buys("0.2", "30000")
    assert first.hear()["channel"] == "trades"
    assert second.subscribe("kline_1d")[0]["kline"][7] == 1
    pause.set()
    assert first.hear()["kline"][7] == 1


def test_a_look_goes_back_to_the_candles_that_were_shown(monkeypatch):
    minute, least = 60_000, market_summary.MOST_CHANGING
    monkeypatch.setattr(market_summary, "to_ms", lambda _: 10 * minute + 5)
    assert market_summary._how_many(minute, []) == least
    assert market_summary._how_many(minute, [[2 * minute], [3 * minute]]) == 9
    assert market_summary._how_many(minute, [[9 * minute]]) == least
    assert market_summary._how_many(1_000, [[0]]) == market_summary.MOST_CANDLES
    monkeypatch.setattr(market_summary, "to_ms", lambda _: 0)  # a clock that was set back
    assert market_summary._how_many(minute, [[9 * minute]]) == least


def test_a_candle_that_has_ended_is_told_in_its_final_state(server, alice, bob, looks, monkeypatch):
    """A trade of a minute's last second is looked at when the next minute has begun."""
    next_minute = ceil_time(clock.now() + timedelta(seconds=1), 60)
    moment = [next_minute - timedelta(seconds=1)]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    monkeypatch.setattr(market_data, "now", lambda: moment[0])
    client = server.client()
    client.subscribe("kline_1m")
    eventually(lambda: len(looks) == 2, "the look after the snapshot")

    def late_look(symbol, channel, shown):
        moment[0] = next_minute + timedelta(seconds=1)
        return market_summary.look(symbol, channel, shown)

    monkeypatch.setattr(summaries, "look", late_look)
    alice.sells("0.5", "30000")
    bob.buys("0.2", "30000")
    ended, fresh = client.hear()["kline"], client.hear()["kline"]
    assert (ended[0], ended[5], ended[7]) == (to_ms(next_minute) - 60_000, "0.2", 1)
    assert (fresh[0], fresh[5], fresh[7]) == (to_ms(next_minute), "0", 0)
