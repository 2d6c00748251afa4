"""A client that does not keep up is told so, and nobody else notices."""

from functools import partial

import pytest

from trading.consumers import base, market_data
from trading.streams import summaries
from trading.streams.hub import Hubs, MarketHub
from trading.streams.market_stream import MarketStream
from trading.streams.outbox import Outbox
from trading.tests.sockets.server import LocalBook, eventually, rest_book


@pytest.fixture
def small_outbox(monkeypatch):
    monkeypatch.setattr(base, "Outbox", partial(Outbox, 8))


def slow_client(server):
    client = server.client("/ws/marketdata?slow")
    return client, LocalBook(client.subscribe("book")[0])


def test_it_is_told_of_the_overrun_and_gets_a_fresh_snapshot(server, alice, small_outbox):
    client, _ = slow_client(server)
    other = server.client()
    book = LocalBook(other.subscribe("book")[0])
    server.held.set()
    for n in range(20):
        alice.buys("0.1", str(1000 + n))
        book.follow(other, n + 1)
    assert len([message for message in other.heard if message["type"] == "update"]) == 20
    server.held.clear()
    overrun = client.hear_until(lambda message: message["type"] == "overrun")
    assert overrun == {"type": "overrun"}
    snapshot = client.hear()
    assert snapshot["type"] == "snapshot"
    fresh = LocalBook(snapshot)
    assert fresh.shown() == book.shown() == rest_book(alice)
    alice.buys("0.1", "500")
    assert fresh.follow(client, 21).shown() == rest_book(alice)


def test_after_an_overrun_no_update_comes_before_its_snapshot(server, alice, small_outbox, monkeypatch):
    """While the one market's snapshot is read, the other market moves."""
    client, _ = slow_client(server)
    client.subscribe("book", symbol="ETH-USDT")
    watcher = server.client()
    watcher.subscribe("book", symbol="ETH-USDT")
    watched = LocalBook(watcher.subscribe("book")[0])
    server.held.set()
    for n in range(12):
        alice.buys("0.1", str(1000 + n))
        watched.follow(watcher, n + 1)
    moved = []

    def read_and_move(stream, channel, read=MarketStream.snapshot):
        if stream.book.symbol == "BTC-USDT" and not moved:
            moved.append(alice.buys("1", "2000", symbol="ETH-USDT"))
            eth = market_data.hubs._hubs["ETH-USDT"]
            eventually(eth._turn.locked, "the update of the other market")
        return read(stream, channel)

    monkeypatch.setattr(MarketStream, "snapshot", read_and_move)
    server.held.clear()
    client.hear_until(lambda message: message["type"] == "overrun")
    books = {"BTC-USDT": LocalBook(), "ETH-USDT": LocalBook()}
    while not moved or [book.shown() for book in books.values()] != [
        rest_book(alice, symbol) for symbol in books
    ]:
        message = client.hear()
        books[message["symbol"]].take(message)


def test_one_that_never_reads_is_closed_and_another_gets_everything(server, alice, small_outbox, monkeypatch):
    monkeypatch.setattr(base, "SEND_SECONDS", 0.2)
    client, _ = slow_client(server)
    other = server.client()
    book = LocalBook(other.subscribe("book")[0])
    server.held.set()
    for n in range(5):
        alice.buys("0.1", str(1000 + n))
    assert client.closed()[0] == base.CLOSE_SLOW
    alice.buys("0.1", "900")
    assert book.follow(other, 6).shown() == rest_book(alice)


def test_a_client_that_goes_away_in_the_middle_leaves_nothing_behind(server, alice):
    stays, goes = server.client(), server.client()
    book = LocalBook(stays.subscribe("book")[0])
    goes.subscribe("book", "trades", "ticker", "kline_1m")
    goes.subscribe("ticker", symbol="ETH-USDT")
    goes.connection.socket.close()
    listeners = market_data.hubs._hubs["BTC-USDT"]._listeners
    for n in range(5):
        alice.buys("0.1", str(1000 + n))
    assert book.follow(stays, 5).shown() == rest_book(alice)
    eventually(
        lambda: (
            {channel: len(outboxes) for channel, outboxes in listeners.items()} == {"book": 1, "trades": 0}
        )
    )
    for hub in market_data.hubs._hubs.values():
        eventually(lambda hub=hub: hub._summaries.is_idle)


@pytest.mark.parametrize("channel", ["book", "ticker"])
def test_who_unsubscribes_while_a_snapshot_is_read_is_left_alone(
    server, alice, small_outbox, monkeypatch, channel
):
    """The resync after an overrun has begun, and the client does not want the channel any more."""
    client = server.client("/ws/marketdata?slow")
    client.subscribe(channel)
    server.held.set()
    hub = market_data.hubs._hubs["BTC-USDT"]
    (outbox,) = listeners_of(hub, channel)
    for _ in range(12):
        server.loop.call_soon_threadsafe(outbox.put, '{"type":"filler"}')
    eventually(lambda: outbox.overrun)
    left, resyncs = [], []

    async def listen(hub, *arguments, listen=MarketHub.listen):
        resyncs.append(hub)
        await listen(hub, *arguments)

    def read_and_unsubscribe(stream, *arguments, read=MarketStream.snapshot):
        if resyncs and not left:  # and not for the look that follows a subscription
            client.say(action="unsubscribe", channels=[channel], symbol="BTC-USDT")
            eventually(lambda: left, "the unsubscription")
        return read(stream, *arguments)

    def look_and_unsubscribe(*arguments, look=summaries.look):
        return read_and_unsubscribe(*arguments, read=look)

    def leave(hubs, *arguments, leave=Hubs.leave):
        left.append(arguments)
        leave(hubs, *arguments)

    monkeypatch.setattr(MarketHub, "listen", listen)
    monkeypatch.setattr(MarketStream, "snapshot", read_and_unsubscribe)
    monkeypatch.setattr(summaries, "look", look_and_unsubscribe)
    monkeypatch.setattr(Hubs, "leave", leave)
    server.held.clear()
    client.hear_until(lambda message: message["type"] == "overrun")
    assert client.hear()["type"] == "unsubscribed"
    eventually(lambda: not hub._turn.locked() and not hub._summaries._turn.locked())
    assert not listeners_of(hub, channel)


def listeners_of(hub, channel):
    return hub._listeners.get(channel) or hub._summaries._listeners.get(channel) or set()
