"""/ws/marketdata"""

import random
import threading

import pytest
from django.db import connection
from websockets.exceptions import InvalidStatus

from trading.consumers import base
from trading.tests.sockets.server import LocalBook, eventually, rest_book


def test_a_subscription_is_acknowledged_then_comes_where_things_stand(server, alice, bob):
    alice.sells("0.5", "30000")
    trade = bob.buys("0.2", "30000")["fills"][0]
    client = server.client()
    book, trades = client.subscribe("book", "trades")
    assert (book["sequence"], book["bids"], book["asks"]) == (3, [], [["30000", "0.3"]])
    assert trades["trades"] == [
        {"id": trade["id"], "price": "30000", "quantity": "0.2", "side": "buy", "time": trade["time"]}
    ]


def test_every_order_is_an_update_with_absolute_quantities(server, alice, bob):
    client = server.client()
    book = LocalBook(client.subscribe("book")[0])
    order = alice.buys("0.5", "30000")
    update = client.hear()
    assert update == {
        "channel": "book", "type": "update", "symbol": "BTC-USDT", "first_sequence": 1, "last_sequence": 1,
        "bids": [["30000", "0.5"]], "asks": [],
    }  # fmt: skip
    book.take(update)
    bob.sells("0.2", "30000")
    book.follow(client, 3)
    assert client.heard[-1]["bids"] == [["30000", "0.3"]]
    alice.delete(f"orders/{order['id']}")
    book.follow(client, 4)
    assert client.heard[-1]["bids"] == [["30000", "0"]]
    assert book.shown() == rest_book(alice) == {"sequence": 4, "bids": [], "asks": []}


def test_trades_are_those_that_the_api_shows(server, alice, bob):
    client = server.client()
    client.subscribe("trades")
    alice.sells("0.5", "30000")
    bob.buys("0.1", "30000")
    bob.buys("0.2", "30000")
    heard = []
    while len(heard) < 2:
        message = client.hear()
        assert (message["channel"], message["type"]) == ("trades", "update")
        heard += message["trades"]
    assert heard == alice.get("trades/BTC-USDT").json()["results"][::-1]


def test_a_gap_in_the_trades_can_be_seen(server, alice, bob):
    """Each message goes on where the one before it ended, however the book moved in between."""
    early, late = server.client(), server.client()
    reach = early.subscribe("trades")[0]["sequence"]
    alice.sells("0.5", "30000")
    for n in range(3):
        alice.buys("0.1", f"100{n}")
        bob.buys("0.1", "30000")
        update = early.hear()
        assert (update["type"], update["first_sequence"]) == ("update", reach + 1)
        reach = update["last_sequence"]
        if n == 1:
            alice.buys("0.1", "900")
            assert late.subscribe("trades")[0]["sequence"] == reach
    assert late.hear() == update
    assert reach == rest_book(alice)["sequence"] > 7


def test_a_channel_that_does_not_exist_is_named_and_nothing_is_subscribed(server, alice):
    client = server.client()
    for channel in ("kline_2m", "kline_", "Book", "x" * 3000):
        client.say(action="subscribe", channels=["book", channel], symbol="BTC-USDT")
        answer = client.hear()
        assert answer["code"] == "BAD_REQUEST" and channel[:40] in answer["message"]
        assert len(answer["message"]) < 300
    client.say(action="resync", symbol="BTC-USDT")
    assert client.hear()["code"] == "BAD_REQUEST"


def trade_at_random(desks, orders, seed=7):
    """Each desk places, amends and cancels by turns."""
    chance = random.Random(seed)
    own = {desk: [] for desk in desks}
    for _ in range(orders):
        desk = chance.choice(desks)
        deed = chance.random()
        if deed < 0.2 and own[desk]:
            desk.delete(f"orders/{own[desk].pop(chance.randrange(len(own[desk])))}")
        elif deed < 0.3 and own[desk]:
            change = (
                {"quantity": f"0.{chance.randint(1, 9)}"}
                if deed < 0.25
                else {"price": str(chance.randint(99, 101))}
            )
            desk.patch(f"orders/{chance.choice(own[desk])}", change)
        else:
            side, price = chance.choice(["buy", "sell"]), None if deed > 0.9 else str(chance.randint(95, 105))
            answer = desk.place(side, f"0.{chance.randint(1, 9)}", price)
            if answer.status_code == 201:
                own[desk].append(answer.json()["id"])


def test_a_book_built_from_updates_is_the_book(server, alice, bob):
    """Some hundred random orders; one client from the start, one that comes in the middle."""
    early, late = server.client(), server.client()
    first = LocalBook(early.subscribe("book", "trades")[0])

    def trade():
        trade_at_random([alice, bob], 150)
        connection.close()

    trading = threading.Thread(target=trade)
    trading.start()
    first.follow(early, 40)
    second = LocalBook(late.subscribe("book")[0])
    assert second.sequence > 0
    trading.join()
    shown = rest_book(alice)
    assert shown["sequence"] > 150 and shown["bids"] and shown["asks"]
    assert first.follow(early, shown["sequence"]).shown() == shown
    assert second.follow(late, shown["sequence"]).shown() == shown
    heard = [
        trade for message in early.heard if message.get("channel") == "trades" for trade in message["trades"]
    ]
    told = eventually(lambda: all_trades(early, heard, len(alice.all_of("trades/BTC-USDT", limit=1000))))
    assert told == alice.all_of("trades/BTC-USDT", limit=1000)[::-1]


def all_trades(client, heard, count):
    while len(heard) < count:
        message = client.hear()
        if message.get("channel") == "trades":
            heard += message["trades"]
    return heard


def test_markets_are_apart(server, alice):
    client = server.client()
    client.subscribe("book", symbol="ETH-USDT")
    client.subscribe("book", symbol="BTC-USDT")
    alice.buys("1", "2000", symbol="ETH-USDT")
    assert client.hear()["symbol"] == "ETH-USDT"
    alice.buys("1", "2000")
    assert client.hear()["symbol"] == "BTC-USDT"


def test_subscribing_again_changes_nothing(server, alice):
    client = server.client()
    book = LocalBook(client.subscribe("book")[0])
    client.say(action="subscribe", channels=["book", "book"], symbol="BTC-USDT")
    assert client.hear() == {"type": "subscribed", "channels": ["book"], "symbol": "BTC-USDT"}
    for n in range(1, 4):
        alice.buys("1", f"10{n}")
        book.follow(client, n)
    assert book.shown() == rest_book(alice)


def test_after_unsubscribing_it_is_silent(server, alice):
    client = server.client()
    client.subscribe("book", "trades")
    client.say(action="unsubscribe", channels=["book"], symbol="BTC-USDT")
    assert client.hear() == {"type": "unsubscribed", "channels": ["book"], "symbol": "BTC-USDT"}
    client.say(action="unsubscribe", channels=["trades"], symbol="ETH-USDT")  # was not subscribed: no harm
    client.hear()
    alice.buys("1", "100")
    client.say(action="unsubscribe", channels=["trades"], symbol="BTC-USDT")
    assert client.hear()["type"] == "unsubscribed"
    again = client.subscribe("book")[0]
    assert (again["sequence"], again["bids"]) == (1, [["100", "1"]])


def test_a_resync_is_a_new_snapshot_that_the_updates_follow_on(server, alice):
    client = server.client()
    client.subscribe("book", "trades")
    client.subscribe("book", symbol="ETH-USDT")
    alice.buys("1", "100")
    client.hear()
    client.say(action="resync")
    shown = [client.hear() for _ in range(3)]
    assert [(one["type"], one["channel"], one["symbol"]) for one in shown] == [
        ("snapshot", "book", "BTC-USDT"), ("snapshot", "trades", "BTC-USDT"), ("snapshot", "book", "ETH-USDT"),
    ]  # fmt: skip
    client.say(action="resync", symbol="BTC-USDT")
    book = LocalBook(client.hear())
    assert client.hear()["channel"] == "trades"
    alice.buys("1", "101")
    assert book.follow(client, 2).shown() == rest_book(alice)


BAD = [
    "", "{", "null", "[]", '"subscribe"', "7", "NaN", "[" * 4000, "x" * 4097, '{"action": ' + "9" * 4000 + "}",
    "{}", '{"action": null}', '{"action": "buy"}', '{"action": ["subscribe"]}', '{"action": {}}',
    '{"action": "subscribe"}', '{"action": "subscribe", "symbol": "BTC-USDT"}',
    '{"action": "subscribe", "symbol": "BTC-USDT", "channels": []}',
    '{"action": "subscribe", "symbol": "BTC-USDT", "channels": "book"}',
    '{"action": "subscribe", "symbol": "BTC-USDT", "channels": ["book", "orders"]}',
    '{"action": "subscribe", "symbol": "BTC-USDT", "channels": [["book"]]}',
    '{"action": "subscribe", "symbol": "BTC-USDT", "channels": [{}]}',
    '{"action": "subscribe", "symbol": "BTC-USDT", "channels": [null]}',
    '{"action": "unsubscribe", "symbol": "BTC-USDT"}',
    '{"action": "resync", "symbol": "ETH-USDT"}', '{"action": "resync", "symbol": []}',
]  # fmt: skip
BAD_SYMBOLS = ["NO-SUCH", "btc-usdt", "", "\x00", "\ud800", "x" * 3000, 7, None, [], {}, True]


def test_what_is_not_understood_is_an_error_and_the_connection_lives_on(server, alice, monkeypatch):
    monkeypatch.setattr(base, "MOST_MESSAGES", 1000)
    client = server.client()
    client.subscribe("book")
    for text in [*BAD, b"{}", b"\xff\x00"]:
        client.say(text)
        answer = client.hear()
        assert set(answer) == {"type", "code", "message", "details"} and answer["type"] == "error", text
        assert answer["code"] in ("BAD_REQUEST", "UNKNOWN_SYMBOL"), text
    for symbol in BAD_SYMBOLS:
        client.say(action="subscribe", channels=["book"], symbol=symbol)
        assert client.hear()["code"] == "UNKNOWN_SYMBOL"
    client.say(action="pong")
    alice.buys("1", "100")
    assert client.hear()["first_sequence"] == 1


@pytest.mark.parametrize("size", [65_537, 1_000_000])
def test_a_message_far_too_large_ends_the_connection(server, size):
    client = server.client()
    client.say("x" * size)
    assert client.closed()[0] == 1009


def test_a_flood_of_messages_is_closed_and_only_that_connection(server, alice):
    flooding, calm = server.client(), server.client()
    calm.subscribe("book")
    for _ in range(200):
        try:
            flooding.say(action="pong")
        except Exception:
            break
    assert flooding.closed()[0] == base.CLOSE_TOO_MUCH
    alice.buys("1", "100")
    assert calm.hear()["first_sequence"] == 1


def test_pages_of_other_sites_are_refused(server):
    own = f"http://127.0.0.1:{server.port}"
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1", f"{own}.evil.example"):
        for address in ("/ws/marketdata", "/ws/user"):
            with pytest.raises(InvalidStatus) as refused:
                server.client(address, origin=origin)
            assert refused.value.response.status_code == 403
    for origin in (None, own):
        server.client(origin=origin).close()


def test_other_addresses_are_no_sockets(server):
    for address in ("/ws", "/ws/", "/ws/marketdata/", "/ws/admin", "/"):
        with pytest.raises(Exception):  # noqa: B017 - how it is refused is the server's business
            server.client(address)
    server.client().close()


def test_one_connection_follows_so_many_markets_at_most(server, monkeypatch):
    monkeypatch.setattr("trading.consumers.market_data.MOST_SYMBOLS", 2)
    client = server.client()
    client.subscribe("book")
    client.subscribe("book", symbol="ETH-USDT")
    client.say(action="subscribe", channels=["book"], symbol="ETH-BTC")
    assert client.hear()["code"] == "BAD_REQUEST"
    client.subscribe("trades")
