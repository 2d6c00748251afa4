"""Every refusal that an order can meet, each with its status, and each without a trace."""

import pytest

from common.errors import ErrorCode
from market.models import Market
from trading.models import Order, OrderEvent
from trading.tests.api.desk import Desk, key_desk, person, refusal

ORDER = {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": "30000", "quantity": "0.1"}


def refused(desk, **changes):
    body = {name: value for name, value in (ORDER | changes).items() if value is not None}
    events = OrderEvent.objects.count()
    answer = desk.post("orders", body)
    assert OrderEvent.objects.count() == events
    return refusal(answer)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"symbol": "DOGE-USDT"}, "UNKNOWN_SYMBOL"),
        ({"symbol": "btc-usdt"}, "UNKNOWN_SYMBOL"),
        ({"symbol": " BTC-USDT"}, "UNKNOWN_SYMBOL"),
        ({"price": "30000.001"}, "INVALID_PRICE"),
        ({"price": "9" * 19}, "INVALID_PRICE"),
        ({"price": "0.000000000000000001"}, "INVALID_PRICE"),
        ({"quantity": "0.000001"}, "INVALID_QUANTITY"),
        ({"quantity": "9" * 19}, "INVALID_QUANTITY"),
        ({"quantity": "0.1000000000000001"}, "INVALID_QUANTITY"),
        ({"quantity": "0.00016"}, "MIN_NOTIONAL"),
        ({"quantity": "1000000", "price": "1000000.01"}, "MAX_NOTIONAL"),
        ({"type": "market", "price": None, "quantity": None, "quote_quantity": "4.99"}, "MIN_NOTIONAL"),
        ({"type": "market", "price": None, "quantity": None, "quote_quantity": "9" * 19}, "MAX_NOTIONAL"),
        ({"quantity": "34"}, "INSUFFICIENT_FUNDS"),
        ({"side": "sell", "quantity": "10.00001"}, "INSUFFICIENT_FUNDS"),
        ({"price": None}, "VALIDATION_ERROR"),
        ({"quantity": None}, "VALIDATION_ERROR"),
        ({"quote_quantity": "100"}, "VALIDATION_ERROR"),
        ({"type": "market"}, "VALIDATION_ERROR"),
        ({"type": "market", "price": None, "quantity": None}, "VALIDATION_ERROR"),
        ({"type": "market", "price": None, "quote_quantity": "10"}, "VALIDATION_ERROR"),
        ({"type": "market", "price": None, "post_only": True}, "VALIDATION_ERROR"),
        ({"price": "0"}, "VALIDATION_ERROR"),
        ({"quantity": "0.0"}, "VALIDATION_ERROR"),
        ({"type": "stop_limit"}, "VALIDATION_ERROR"),
        ({"side": "BUY"}, "VALIDATION_ERROR"),
        ({"side": None}, "VALIDATION_ERROR"),
        ({"time_in_force": "gtd"}, "VALIDATION_ERROR"),
        ({"post_only": "yes"}, "VALIDATION_ERROR"),
        ({"price": 30000}, "VALIDATION_ERROR"),
        ({"price": 30000.5}, "VALIDATION_ERROR"),
    ],
    ids=str,
)
def test_an_order_that_does_not_fit_is_refused(alice, changes, code):
    assert refused(alice, **changes) == (ErrorCode[code].status, code)
    assert alice.balance("USDT") == ("1000000", "0")
    assert Order.objects.count() == 0


@pytest.mark.parametrize("status", ["halted", "cancel_only"])
def test_a_market_that_is_not_open_takes_no_orders(alice, status):
    Market.objects.filter(symbol="BTC-USDT").update(status=status)
    assert refused(alice) == (422, "MARKET_NOT_OPEN")


def test_post_only_that_would_take(alice, bob):
    bob.sells("1", "30000")
    assert refused(alice, post_only=True) == (422, "POST_ONLY_WOULD_TAKE")


def test_by_cost_a_market_buy_needs_the_money(alice, bob):
    bob.sells("1", "30000")
    poor = Desk(person("poor", funds={}))
    by_cost = {"type": "market", "price": None, "quantity": None, "quote_quantity": "20000"}
    assert refused(poor, **by_cost) == (422, "INSUFFICIENT_FUNDS")


def test_orders_that_are_not_there_or_not_open(alice):
    order = alice.buys("0.1", "30000")
    address = f"orders/{order['id']}"
    assert alice.delete(address).status_code == 200
    for answer in (
        alice.delete(address),
        alice.post(f"{address}/cancel"),
        alice.patch(address, {"price": "1000"}),
    ):
        assert refusal(answer) == (409, "ORDER_NOT_OPEN")
    assert refusal(alice.get("orders/999999999")) == (404, "ORDER_NOT_FOUND")


def test_an_amendment_below_what_is_done(alice, bob):
    order = alice.buys("0.3", "30000")
    bob.sells("0.2", "30000")
    assert refusal(alice.patch(f"orders/{order['id']}", {"quantity": "0.2"})) == (422, "AMEND_INVALID")


def test_who_one_is(alice, stranger):
    assert refused(stranger) == (401, "NOT_AUTHENTICATED")
    assert refused(Desk(access="no-token")) == (401, "INVALID_TOKEN")
    assert refused(key_desk(alice.user, "read")) == (403, "PERMISSION_DENIED")
    alice.user.suspended_at, alice.user.suspended_reason = alice.user.date_joined, "test"
    alice.user.save()
    assert refused(alice) == (403, "ACCOUNT_SUSPENDED")


def test_an_order_beyond_the_limit_waits(alice, settings, monkeypatch):
    settings.RATE_LIMIT_ENABLED = settings.RATELIMIT_ENABLE = True
    settings.ORDER_LIMITS = dict.fromkeys(settings.ORDER_LIMITS, 0)
    answer = alice.post("orders", ORDER)
    assert refusal(answer) == (429, "RATE_LIMITED")
    assert int(answer["Retry-After"]) >= 1
