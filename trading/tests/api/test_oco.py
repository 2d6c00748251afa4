"""POST /api/v1/orders/oco: one cancels the other."""

import pytest

from trading.models import Order
from trading.tests.api.desk import book, outside_price, refusal, trade

pytestmark = pytest.mark.usefixtures("audited")

GAIN = {"type": "limit", "price": "31000"}
STOP = {"type": "stop_market", "trigger_price": "29000"}


@pytest.fixture(autouse=True)
def at_30000(bob, carol):
    trade(bob, carol, "30000")


def oco(desk, take_profit=GAIN, stop_loss=STOP, **more):
    body = {"symbol": "BTC-USDT", "side": "sell", "quantity": "1"}
    return desk.post("orders/oco", body | {"take_profit": take_profit, "stop_loss": stop_loss} | more)


def pair(desk, *legs, **more):
    answer = oco(desk, *legs, **more)
    assert answer.status_code == 201, answer.content
    return answer.json()["orders"]


def fates(desk, orders):
    return [(order["status"], order["reason"]) for order in map(desk.order, orders)]


def test_both_are_taken_and_tell_that_they_hang_together(alice):
    gain, stop = pair(alice)
    assert (gain["status"], gain["fills"], gain["price"]) == ("open", [], "31000")
    assert (stop["status"], stop["fills"], stop["trigger_price"]) == ("pending_trigger", [], "29000")
    assert gain["link"] == stop["link"] == {"id": gain["id"], "role": "oco"}
    assert alice.order(gain) == gain
    assert alice.order(stop) == stop
    assert book() == ([], [("31000", "1")])


def test_only_one_of_them_is_paid_for(alice):
    pair(alice, quantity="10")
    assert alice.balance("BTC") == ("0", "10")


def test_a_buying_pair_keeps_back_the_dearer_of_the_two(alice):
    pair(alice, {"type": "limit", "price": "29000"}, {"type": "stop_limit", "trigger_price": "31000", "price": "31100"},
         side="buy")  # fmt: skip
    assert alice.balance("USDT") == ("968900", "31100")


def test_a_fill_of_one_cancels_the_other(alice, bob):
    orders = pair(alice)
    bob.buys("1", "31000")
    assert fates(alice, orders) == [("filled", ""), ("cancelled", "LINKED_ORDER")]
    assert alice.balance("BTC") == ("9", "0")


def test_even_of_a_part(alice, bob, carol):
    orders = pair(alice)
    bob.buys("0.1", "31000")
    assert fates(alice, orders) == [("partially_filled", ""), ("cancelled", "LINKED_ORDER")]
    assert alice.balance("BTC") == ("9", "0.9")
    trade(bob, carol, "29000")
    assert alice.order(orders[0])["filled_quantity"] == "0.1"


def test_the_stop_cancels_the_limit_when_it_fires(alice, bob, carol):
    orders = pair(alice)
    carol.buys("2", "28990")
    trade(bob, carol, "29000")
    assert fates(alice, orders) == [("cancelled", "LINKED_ORDER"), ("filled", "")]
    assert alice.balance("BTC") == ("9", "0")
    assert book()[1] == []


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("by", ["delete", "post"])
def test_cancelling_one_cancels_both(alice, which, by):
    orders = pair(alice)
    address = f"orders/{orders[which]['id']}"
    answer = alice.delete(address) if by == "delete" else alice.post(f"{address}/cancel")
    assert (answer.status_code, answer.json()["id"]) == (200, orders[which]["id"])
    ends = ["CANCELLED_BY_USER", "LINKED_ORDER"]
    assert fates(alice, orders) == [("cancelled", ends[which]), ("cancelled", ends[1 - which])]
    assert alice.balance("BTC") == ("10", "0")


def test_all_orders_are_cancelled_at_once(alice):
    orders = pair(alice)
    assert alice.delete("orders").json()["cancelled"][0] == orders[0]["id"]
    assert [status for status, _ in fates(alice, orders)] == ["cancelled", "cancelled"]
    assert alice.balance("BTC") == ("10", "0")


def test_a_limit_that_trades_at_once_ends_the_stop_at_once(alice, bob):
    bob.buys("1", "29500")
    gain, stop = pair(alice, GAIN | {"price": "29500"})
    assert (gain["status"], [fill["quantity"] for fill in gain["fills"]]) == ("filled", ["1"])
    assert (stop["status"], stop["reason"]) == ("cancelled", "LINKED_ORDER"), "told with the answer already"
    assert fates(alice, [stop]) == [("cancelled", "LINKED_ORDER")]


LEGS = [
    ({"type": "limit", "price": "31000", "post_only": True}, STOP),
    ({"type": "limit", "price": "31000", "display_quantity": "0.1"}, STOP),
    ({"type": "take_profit_market", "trigger_price": "31000"}, STOP),
    ({"type": "take_profit_limit", "trigger_price": "31000", "price": "30900"}, STOP),
    (GAIN, {"type": "stop_limit", "trigger_price": "29000", "price": "28900"}),
    (GAIN, {"type": "trailing_stop", "trail_amount": "1000"}),
    (GAIN, {"type": "trailing_stop", "trail_percent": "3", "trigger_source": "last"}),
]


@pytest.mark.parametrize("legs", LEGS, ids=str)
def test_every_kind_of_leg(alice, bob, carol, legs):
    orders = pair(alice, *legs)
    assert alice.balance("BTC") == ("9", "1")
    carol.buys("2", "28950")
    bob.sells("0.01", "28950")
    assert alice.order(orders[0])["status"] == "cancelled"
    assert alice.order(orders[1])["status"] in ("filled", "open", "partially_filled")


def test_a_leg_may_watch_the_price_from_outside(alice, carol):
    outside_price("30000")
    orders = pair(alice, {"type": "take_profit_market", "trigger_price": "31000", "trigger_source": "mark"},
                  STOP | {"trigger_source": "index"})  # fmt: skip
    carol.buys("1", "28000")
    outside_price("31000")
    assert fates(alice, orders) == [("filled", ""), ("cancelled", "LINKED_ORDER")]


def test_the_first_client_order_id_takes_effect_once(alice, bob):
    named = (GAIN | {"client_order_id": "gain"}, STOP | {"client_order_id": "stop"})
    first, again = oco(alice, *named), oco(alice, *named)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    bob.buys("1", "31000")
    later = oco(alice, *named)
    assert later.status_code == 200
    assert [order["status"] for order in later.json()["orders"]] == ["filled", "cancelled"]
    assert Order.objects.filter(account_id=alice.account_id).count() == 2
    assert alice.get("orders/client:stop").json()["status"] == "cancelled"


def test_other_uses_of_a_client_order_id_are_refused(alice):
    alice.sells("0.1", "40000", client_order_id="used")
    for named in (
        (GAIN | {"client_order_id": "used"}, STOP),
        (GAIN, STOP | {"client_order_id": "used"}),
        (GAIN | {"client_order_id": "twin"}, STOP | {"client_order_id": "twin"}),
    ):
        assert refusal(oco(alice, *named)) == (409, "CONFLICT")
    assert Order.objects.filter(account_id=alice.account_id).count() == 1


@pytest.mark.parametrize(
    ("changes", "details"),
    [
        ({"take_profit": None}, {"take_profit": ["This field may not be null."]}),
        ({"stop_loss": "29000"}, "stop_loss"),
        ({"stop_loss": {"type": "stop_market"}},
         {"stop_loss": {"trigger_price": ["say at which price the order fires"]}}),
        ({"stop_loss": GAIN}, "stop_loss"),
        ({"take_profit": STOP}, "take_profit"),
        ({"take_profit": {"type": "limit"}}, {"take_profit": {"price": ["a limit order needs a price"]}}),
        ({"take_profit": GAIN | {"quantity": "2"}}, {"take_profit": {"quantity": ["This field is not known."]}}),
        ({"take_profit": GAIN | {"time_in_force": "ioc"}},
         {"take_profit": {"time_in_force": ["a limit order waits here in the book: gtc or gtd"]}}),
        ({"stop_loss": STOP | {"trigger_price": "31000"}},
         {"stop_loss": {"trigger_price": ["must be below the take_profit order's, 31000"]}}),
        ({"side": "buy", "take_profit": GAIN, "stop_loss": STOP},
         {"stop_loss": {"trigger_price": ["must be above the take_profit order's, 31000"]}}),
        ({"stop_loss": STOP | {"reduce_only": True}},
         {"stop_loss": {"reduce_only": ["Must be false: on a spot market there is no position to reduce."]}}),
        ({"take_profit": GAIN | {"client_order_id": 7}}, {"take_profit": {"client_order_id": ["Must be a string."]}}),
        ({"quantity": None}, "quantity"),
        ({"quantity": "0"}, "quantity"),
        ({"side": "both"}, "side"),
        ({"quote_quantity": "1000"}, {"quote_quantity": ["This field is not known."]}),
        ({"orders": []}, {"orders": ["This field is not known."]}),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_told_under_the_name_of_the_leg(alice, changes, details):
    answer = oco(alice, **changes)
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    if isinstance(details, dict):
        assert answer.json()["details"] == details
    else:
        assert list(answer.json()["details"]) == [details]
    assert Order.objects.filter(account_id=alice.account_id).count() == 0


@pytest.mark.parametrize(
    ("changes", "code", "leg"),
    [
        ({"symbol": "NO-SUCH"}, "UNKNOWN_SYMBOL", None),
        ({"quantity": "11"}, "INSUFFICIENT_FUNDS", None),
        ({"quantity": "0.000001"}, "INVALID_QUANTITY", "take_profit"),
        ({"quantity": "0.0001"}, "MIN_NOTIONAL", "take_profit"),
        ({"take_profit": GAIN | {"price": "31000.001"}}, "INVALID_PRICE", "take_profit"),
        ({"stop_loss": STOP | {"trigger_price": "0.001"}}, "INVALID_PRICE", "stop_loss"),
        ({"stop_loss": STOP | {"trigger_price": "30500"}}, "WOULD_TRIGGER_AT_ONCE", "stop_loss"),
        ({"take_profit": {"type": "take_profit_market", "trigger_price": "29500"}}, "WOULD_TRIGGER_AT_ONCE",
         "take_profit"),
        ({"stop_loss": {"type": "trailing_stop", "trail_amount": "100", "trigger_source": "mark"}},
         "NO_REFERENCE_PRICE", "stop_loss"),
        ({"stop_loss": STOP | {"time_in_force": "gtd", "expires_at": 1}}, "ORDER_EXPIRED", "stop_loss"),
    ],
    ids=str,
)  # fmt: skip
def test_it_is_refused_as_a_whole(alice, changes, code, leg):
    answer = oco(alice, **changes)
    assert refusal(answer)[1] == code
    assert answer.json()["details"].get("leg") == leg
    assert "order_number" not in answer.json()["details"]
    assert Order.objects.filter(account_id=alice.account_id).count() == 0
    assert alice.balance("BTC") == ("10", "0")


def test_a_post_only_limit_that_would_take_is_refused_with_its_stop(alice, bob):
    bob.buys("1", "29500")
    answer = oco(alice, GAIN | {"price": "29500", "post_only": True})
    assert refusal(answer) == (422, "POST_ONLY_WOULD_TAKE")
    assert answer.json()["details"] == {"leg": "take_profit"}


def test_linked_orders_cannot_be_changed(alice):
    gain, stop = pair(alice)
    for order, change in (
        (gain, {"price": "32000"}),
        (stop, {"trigger_price": "28000"}),
        (gain, {"quantity": "0.5"}),
    ):
        assert refusal(alice.patch(f"orders/{order['id']}", change)) == (422, "AMEND_INVALID")
    assert fates(alice, [gain, stop]) == [("open", ""), ("pending_trigger", "")]


def test_what_is_left_of_a_pair_can_be_changed(alice, bob):
    gain, _ = pair(alice)
    bob.buys("0.1", "31000")
    assert alice.patch(f"orders/{gain['id']}", {"price": "32000"}).json()["status"] == "partially_filled"
    assert book()[1] == [("32000", "0.9")]


def test_pairs_are_not_for_batches(alice):
    body = {"symbol": "BTC-USDT", "side": "sell", "quantity": "1", "take_profit": GAIN, "stop_loss": STOP}
    results = alice.post("orders/batch", {"orders": [body]}).json()["results"]
    assert results[0]["error"]["code"] == "VALIDATION_ERROR"
