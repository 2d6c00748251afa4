"""PATCH /api/v1/orders/{id} of an order that waits for its trigger."""

import pytest

from market.models import Market
from trading.tests.api.desk import refusal, trade

pytestmark = pytest.mark.usefixtures("audited")


@pytest.fixture(autouse=True)
def at_30000(bob, carol):
    trade(bob, carol, "30000")


@pytest.fixture
def stop(alice):
    return alice.sells("1", "28900", type="stop_limit", trigger_price="29000", client_order_id="stop")


def amended(desk, order, **changes):
    answer = desk.patch(f"orders/{order['id']}", changes)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_trigger_price(alice, bob, carol, stop):
    shown = amended(alice, stop, trigger_price="29500")
    assert shown == stop | {"trigger_price": "29500", "updated_at": shown["updated_at"]}
    carol.buys("1", "29400")
    trade(bob, carol, "29500")
    assert alice.order(stop)["status"] == "filled"


def test_a_trigger_that_was_moved_away_does_not_fire(alice, bob, carol, stop):
    amended(alice, stop, trigger_price="28000")
    trade(bob, carol, "29000")
    assert alice.order(stop)["status"] == "pending_trigger"


def test_price_and_quantity_with_what_is_held_for_them(alice, stop):
    assert amended(alice, stop, quantity="2", price="28000")["quantity"] == "2"
    assert alice.balance("BTC") == ("8", "2")
    assert amended(alice, stop, quantity="0.5")["quantity"] == "0.5"
    assert alice.balance("BTC") == ("9.5", "0.5")
    buy = alice.buys("1", type="stop_market", trigger_price="31000")
    assert alice.balance("USDT") == ("965900", "34100")
    amended(alice, buy, trigger_price="40000")
    assert alice.balance("USDT") == ("956000", "44000")


def test_a_trailing_stop_keeps_what_it_follows(alice, bob, carol):
    order = alice.sells("1", type="trailing_stop", trail_amount="500")
    trade(bob, carol, "30300")
    shown = amended(alice, order, quantity="0.4")
    assert (shown["quantity"], shown["trigger_price"]) == ("0.4", "29800")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({}, 400, "VALIDATION_ERROR"),
        ({"trigger_price": None}, 400, "VALIDATION_ERROR"),
        ({"trigger_price": "0"}, 400, "VALIDATION_ERROR"),
        ({"trigger_price": 29000}, 400, "VALIDATION_ERROR"),
        ({"trigger_source": "mark"}, 400, "VALIDATION_ERROR"),
        ({"trail_amount": "5"}, 400, "VALIDATION_ERROR"),
        ({"expires_at": 1}, 400, "VALIDATION_ERROR"),
        ({"trigger_price": "29000.001"}, 422, "INVALID_PRICE"),
        ({"trigger_price": "30000"}, 422, "WOULD_TRIGGER_AT_ONCE"),
        ({"trigger_price": "31000"}, 422, "WOULD_TRIGGER_AT_ONCE"),
        ({"quantity": "0.0001"}, 422, "MIN_NOTIONAL"),
        ({"quantity": "11"}, 422, "INSUFFICIENT_FUNDS"),
    ],
    ids=str,
)
def test_what_does_not_fit_changes_nothing(alice, stop, changes, status, code):
    assert refusal(alice.patch(f"orders/{stop['id']}", changes)) == (status, code)
    assert alice.order(stop) == stop
    assert alice.balance("BTC") == ("9", "1")


def test_a_market_order_that_waits_has_no_price_and_a_trail_no_trigger_of_its_own(alice):
    market = alice.sells("1", type="stop_market", trigger_price="29000")
    trail = alice.sells("1", type="trailing_stop", trail_amount="500")
    for order, change in ((market, {"price": "28000"}), (trail, {"trigger_price": "29000"})):
        assert refusal(alice.patch(f"orders/{order['id']}", change)) == (422, "AMEND_INVALID")


def test_the_smallest_and_the_farthest_are_judged_at_the_trigger(alice, stop):
    market = alice.sells("1", type="stop_market", trigger_price="29000")
    assert refusal(alice.patch(f"orders/{market['id']}", {"quantity": "0.0001"})) == (422, "MIN_NOTIONAL")
    Market.objects.filter(symbol="BTC-USDT").update(price_band="0.05")
    assert refusal(alice.patch(f"orders/{stop['id']}", {"price": "27549.99"})) == (422, "PRICE_OUT_OF_BAND")
    moved = amended(alice, stop, price="19500", trigger_price="20000")
    assert (moved["price"], moved["trigger_price"]) == ("19500", "20000")


def test_an_order_in_the_book_has_no_trigger(alice, stop):
    resting = alice.sells("1", "31000")
    assert refusal(alice.patch(f"orders/{resting['id']}", {"trigger_price": "29000"})) == (
        422,
        "AMEND_INVALID",
    )


def test_one_that_has_fired_is_amended_like_any_other(alice, bob, carol, stop):
    trade(bob, carol, "29000")
    shown = amended(alice, stop, price="30500")
    assert (shown["status"], shown["price"]) == ("open", "30500")
    assert refusal(alice.patch(f"orders/{stop['id']}", {"trigger_price": "28000"})) == (422, "AMEND_INVALID")


def test_it_is_cancelled_like_any_other(alice, stop):
    cancelled = alice.delete("orders/client:stop").json()
    assert (cancelled["status"], cancelled["reason"]) == ("cancelled", "CANCELLED_BY_USER")
    assert alice.balance("BTC") == ("10", "0")
    assert refusal(alice.delete("orders/client:stop")) == (409, "ORDER_NOT_OPEN")


def test_nobody_touches_those_of_others(bob, stop):
    for answer in (
        bob.get(f"orders/{stop['id']}"),
        bob.patch(f"orders/{stop['id']}", {"trigger_price": "28000"}),
        bob.delete(f"orders/{stop['id']}"),
    ):
        assert refusal(answer) == (404, "ORDER_NOT_FOUND")
