"""Whatever waits or rests is the same to a process that knows nothing but the rows."""

import pytest

from common import clock
from trading.matching_service import pipeline
from trading.tests.api.desk import outside_price, sweep, trade
from trading.tests.desk import warm_hash

SELL = {"symbol": "BTC-USDT", "side": "sell", "quantity": "0.1"}
GAIN = {"type": "limit", "price": "31000"}
STOP = {"type": "stop_market", "trigger_price": "29000"}
TRAIL = {"type": "trailing_stop", "trail_percent": "1.5"}


def order(**terms):
    return "orders", SELL | terms


def oco(take_profit, stop_loss, **more):
    return "orders/oco", SELL | more | {"take_profit": take_profit, "stop_loss": stop_loss}


def bracket(take_profit, stop_loss, price="28000"):
    entry = {"type": "limit", "side": "buy", "quantity": "0.1", "price": price}
    return "orders/bracket", {
        "symbol": "BTC-USDT",
        "entry": entry,
        "take_profit": take_profit,
        "stop_loss": stop_loss,
    }


SIGHTS = [
    order(**GAIN),
    order(**GAIN, display_quantity="0.03"),
    order(**GAIN, time_in_force="gtd", expires_at=clock.to_ms(clock.now()) + 10**9),
    order(**STOP),
    order(**STOP, trigger_source="mark"),
    order(**STOP | {"type": "stop_limit"}, price="28900", display_quantity="0.01", post_only=True),
    order(type="take_profit_market", trigger_price="31000", trigger_source="index"),
    order(**TRAIL),
    order(type="trailing_stop", trail_amount="700", trigger_source="index"),
    oco(GAIN, STOP),
    oco({"type": "take_profit_limit", "trigger_price": "31000", "price": "31000"}, TRAIL),
    oco({"type": "limit", "price": "29000"}, {"type": "stop_market", "trigger_price": "31000"}, side="buy"),
    bracket(GAIN, STOP | {"trigger_price": "27000"}),
    bracket(None, TRAIL),
    bracket(GAIN, TRAIL | {"trigger_source": "mark"}),
    bracket({"type": "take_profit_market", "trigger_price": "31000"}, None),
    bracket(GAIN, STOP, price="30000"),
]


@pytest.mark.parametrize("sight", SIGHTS)
def test_the_book_is_the_same(alice, bob, carol, sight):
    outside_price("30000")
    trade(bob, carol, "30000")
    address, body = sight
    answer = alice.post(address, body)
    assert answer.status_code == 201, answer.content
    placed = answer.json().get("orders", [answer.json()])
    for price in (None, "30100", "30000", "30000"):
        if price is not None:
            outside_price(price)
            bob.sells("0.05", price)
            carol.buys("0.05", price)
        sweep()
        before = warm_hash("BTC-USDT")
        shown = [alice.order(each) for each in placed]
        pipeline._books.clear()
        sweep()
        assert warm_hash("BTC-USDT") == before
        assert [alice.order(each) for each in placed] == shown
