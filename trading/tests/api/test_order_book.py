"""GET /api/v1/orderbook/{symbol} · GET /api/v1/time"""

import pytest

from common import clock
from trading.models import OrderEvent
from trading.tests.api.desk import book, refusal


def test_levels_add_up_and_the_best_come_first(alice, bob):
    for desk, quantity, price in (
        (alice, "0.1", "100"),
        (bob, "0.25", "100"),
        (bob, "1", "99.99"),
        (alice, "1", "99"),
    ):
        desk.buys(quantity, price)
    for desk, quantity, price in ((alice, "0.1", "101.5"), (bob, "0.1", "101.49"), (bob, "0.9", "101.5")):
        desk.sells(quantity, price)
    assert book() == (
        [("100", "0.35"), ("99.99", "1"), ("99", "1")],
        [("101.49", "0.1"), ("101.5", "1")],
    )
    assert book(depth=1) == ([("100", "0.35")], [("101.49", "0.1")])


def test_the_sequence_counts_events_and_only_those(alice, bob, stranger):
    def sequence():
        return stranger.get("orderbook/BTC-USDT").json()["sequence"]

    assert sequence() == 0
    alice.buys("0.1", "100")
    assert sequence() == 1
    bob.sells("0.1", "100")  # accepted, traded
    assert sequence() == 3
    alice.place("buy", "0.1", "100.001")
    assert sequence() == 3
    assert OrderEvent.objects.count() == 3
    assert book() == ([], [])


@pytest.mark.parametrize("depth", ["0", "-1", "1001", "", "all", "5.0", "1e1", "9" * 30, "٥"])
def test_depth_has_bounds(stranger, depth):
    assert refusal(stranger.get("orderbook/BTC-USDT", depth=depth)) == (400, "VALIDATION_ERROR")


def test_fifty_levels_unless_asked_for_more(alice, stranger):
    orders = [
        {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": str(1000 + n), "quantity": "0.01"}
        for n in range(60)
    ]
    alice.post("orders/batch", {"orders": orders})
    assert len(stranger.get("orderbook/BTC-USDT").json()["bids"]) == 50
    assert len(book(depth=60)[0]) == len(book(depth=1000)[0]) == 60
    assert book(depth=50)[0][0] == ("1059", "0.01")


@pytest.mark.parametrize("symbol", ["NO-SUCH", "btc-usdt", "BTC", "%FF", "x" * 3000])
def test_an_unknown_market(stranger, symbol):
    assert refusal(stranger.get(f"orderbook/{symbol}")) == (404, "UNKNOWN_SYMBOL")


def test_the_time_is_that_of_the_exchange(stranger):
    before = clock.to_ms(clock.now())
    shown = stranger.get("time").json()
    assert set(shown) == {"server_time"} and isinstance(shown["server_time"], int)
    assert before <= shown["server_time"] <= clock.to_ms(clock.now())
