"""Connections, messages and overruns, counted."""

from functools import partial

import pytest

from common.tests.counted import Growth, counted
from trading.consumers import base, user
from trading.consumers.counted import forget_connections
from trading.consumers.market_data import MarketDataConsumer
from trading.streams.outbox import Outbox
from trading.tests.sockets.server import LocalBook, eventually

MARKETDATA, USER = {"stream": "marketdata"}, {"stream": "user"}


@pytest.fixture
def growth(server):
    return Growth()


def is_open(stream):
    return counted("bourse_websocket_connections", **stream)


def test_connections_are_counted_while_they_are_open(server, growth):
    before = is_open(MARKETDATA)
    stays, goes = server.client(), server.client()
    for client in (stays, goes):
        client.subscribe("book")
    assert growth.of("bourse_websocket_connects_total", **MARKETDATA) == 2
    assert is_open(MARKETDATA) == before + 2
    goes.close()
    eventually(lambda: is_open(MARKETDATA) == before + 1)
    stays.connection.socket.close()  # without a word
    eventually(lambda: is_open(MARKETDATA) == before)
    assert growth.of("bourse_websocket_connects_total", **MARKETDATA) == 2


def test_a_connection_that_ends_in_a_bug_is_not_open_for_ever(server, growth, monkeypatch):
    async def breaks(*arguments):
        raise RuntimeError("a bug")

    before = is_open(MARKETDATA)
    client = server.client()
    client.subscribe("book")
    monkeypatch.setattr(MarketDataConsumer, "handle", breaks)
    client.say(action="pong")
    client.closed()
    eventually(lambda: is_open(MARKETDATA) == before)


def test_messages_are_counted_both_ways(server, growth, alice):
    client = server.client()
    client.subscribe("book")
    client.say("this is not JSON")
    assert client.hear()["code"] == "BAD_REQUEST"
    alice.buys("0.1", "1000")
    client.hear_until(lambda message: message["type"] == "update")
    heard = len(client.heard)
    eventually(lambda: growth.of("bourse_websocket_messages_sent_total", **MARKETDATA) == heard)
    assert growth.of("bourse_websocket_messages_received_total", **MARKETDATA) == 2
    assert growth.of("bourse_websocket_messages_sent_total", **USER) == 0


def test_an_overrun_is_counted_once(server, growth, alice, monkeypatch):
    monkeypatch.setattr(base, "Outbox", partial(Outbox, 8))
    client = server.client("/ws/marketdata?slow")
    client.subscribe("book")
    other = server.client()
    book = LocalBook(other.subscribe("book")[0])
    server.held.set()
    for n in range(20):
        alice.buys("0.1", str(1000 + n))
        book.follow(other, n + 1)
    server.held.clear()
    client.hear_until(lambda message: message["type"] == "overrun")
    client.hear()
    assert growth.of("bourse_websocket_overruns_total", **MARKETDATA) == 1
    assert growth.labels_of("bourse_websocket_closes_total") == {}


def test_whom_we_close_the_door_on_is_counted_by_the_code(server, growth):
    client = server.client("/ws/user")
    client.say(action="authenticate", token="made-up")
    assert client.closed()[0] == user.CLOSE_NOT_AUTHENTICATED
    labels = {**USER, "code": str(user.CLOSE_NOT_AUTHENTICATED)}
    assert growth.of("bourse_websocket_closes_total", **labels) == 1


def test_a_process_begins_with_no_connections():
    forget_connections()
    assert is_open(MARKETDATA) == is_open(USER) == 0
