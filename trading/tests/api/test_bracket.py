"""POST /api/v1/orders/bracket: an entry with its exits."""

import pytest

from trading.models import Order
from trading.tests.api.desk import book, refusal, sweep, trade

pytestmark = pytest.mark.usefixtures("audited")

ENTRY = {"side": "buy", "type": "limit", "quantity": "1", "price": "29500"}
GAIN = {"type": "limit", "price": "31000"}
STOP = {"type": "stop_market", "trigger_price": "29000"}


@pytest.fixture(autouse=True)
def at_30000(bob, carol):
    trade(bob, carol, "30000")


def bracket(desk, entry=ENTRY, take_profit=GAIN, stop_loss=STOP, **more):
    body = {"symbol": "BTC-USDT", "entry": entry, "take_profit": take_profit, "stop_loss": stop_loss}
    return desk.post("orders/bracket", body | more)


def placed(desk, *legs, **more):
    answer = bracket(desk, *legs, **more)
    assert answer.status_code == 201, answer.content
    return answer.json()["orders"]


def fates(desk, orders):
    return [(order["status"], order["reason"]) for order in map(desk.order, orders)]


def quantities(desk, orders):
    return [desk.order(order)["quantity"] for order in orders]


def test_the_exits_wait_for_the_entry_and_need_nothing(alice):
    entry, gain, stop = placed(alice)
    assert [order["status"] for order in (entry, gain, stop)] == ["open", "new", "new"]
    assert [order["side"] for order in (entry, gain, stop)] == ["buy", "sell", "sell"]
    assert [order["link"]["role"] for order in (entry, gain, stop)] == ["entry", "take_profit", "stop_loss"]
    assert {order["link"]["id"] for order in (entry, gain, stop)} == {entry["id"]}
    assert [order["quantity"] for order in (entry, gain, stop)] == ["1", "1", "1"]
    assert [alice.order(order) for order in (entry, gain, stop)] == [entry, gain, stop]
    assert alice.balance("USDT") == ("970500", "29500")
    assert alice.balance("BTC") == ("10", "0")
    assert book() == ([("29500", "1")], [])


def test_the_exits_sell_what_the_entry_bought_less_its_fee(alice, bob):
    entry, gain, stop = placed(alice)
    bob.sells("1", "29500")
    assert fates(alice, (entry, gain, stop)) == [("filled", ""), ("open", ""), ("pending_trigger", "")]
    assert quantities(alice, (gain, stop)) == ["0.999", "0.999"]  # the fee was 0.001 BTC
    assert alice.balance("BTC") == ("10", "0.999")
    assert book() == ([], [("31000", "0.999")])


def test_a_market_entry_fills_at_once_and_its_exits_are_active_at_once(alice, bob):
    bob.sells("1", "30100")
    orders = placed(alice, {"side": "buy", "type": "market", "quantity": "1"})
    assert orders[0]["status"] == "filled" and orders[0]["fills"][0]["price"] == "30100"
    assert fates(alice, orders) == [("filled", ""), ("open", ""), ("pending_trigger", "")]
    assert quantities(alice, orders) == ["1", "0.999", "0.999"]


def test_a_fee_that_is_no_whole_lot_leaves_less_than_a_lot_over(alice, bob):
    _, gain, _ = placed(alice, ENTRY | {"quantity": "0.00123"})
    bob.sells("0.00123", "29500")
    assert alice.order(gain)["quantity"] == "0.00122"


def test_the_take_profit_ends_the_stop(alice, bob):
    orders = placed(alice)
    bob.sells("1", "29500")
    bob.buys("0.5", "31000")
    assert fates(alice, orders) == [("filled", ""), ("partially_filled", ""), ("cancelled", "LINKED_ORDER")]


def test_the_stop_ends_the_take_profit(alice, bob, carol):
    orders = placed(alice)
    bob.sells("1", "29500")
    carol.buys("2", "28990")
    trade(bob, carol, "29000")
    assert fates(alice, orders) == [("filled", ""), ("cancelled", "LINKED_ORDER"), ("filled", "")]
    assert alice.balance("BTC") == ("10", "0")
    assert book()[1] == []


def test_a_part_that_was_filled_before_the_entry_ended_is_what_the_exits_are_for(alice, bob):
    orders = placed(alice)
    bob.sells("0.4", "29500")
    assert fates(alice, orders) == [("partially_filled", ""), ("new", ""), ("new", "")]
    alice.delete(f"orders/{orders[0]['id']}")
    assert fates(alice, orders) == [("cancelled", "CANCELLED_BY_USER"), ("open", ""), ("pending_trigger", "")]
    assert quantities(alice, orders[1:]) == ["0.3996", "0.3996"]


def test_an_entry_that_ends_unfilled_ends_its_exits(alice):
    orders = placed(alice)
    alice.delete(f"orders/{orders[0]['id']}")
    assert fates(alice, orders) == [
        ("cancelled", "CANCELLED_BY_USER"), ("cancelled", "ENTRY_ENDED"), ("cancelled", "ENTRY_ENDED"),
    ]  # fmt: skip
    assert alice.balance("USDT") == ("1000000", "0")


def test_an_entry_that_must_trade_at_once_and_cannot(alice):
    orders = placed(alice, ENTRY | {"time_in_force": "fok"})
    assert (orders[0]["status"], orders[0]["reason"]) == ("cancelled", "FOK_NOT_FILLABLE")
    assert fates(alice, orders[1:]) == [("cancelled", "ENTRY_ENDED")] * 2


@pytest.mark.parametrize("which", [1, 2])
def test_cancelling_an_exit_cancels_the_other_and_leaves_the_entry(alice, which):
    orders = placed(alice)
    assert alice.delete(f"orders/{orders[which]['id']}").json()["status"] == "cancelled"
    shown = fates(alice, orders)
    assert shown[0] == ("open", "")
    assert (shown[which], shown[3 - which]) == (
        ("cancelled", "CANCELLED_BY_USER"),
        ("cancelled", "LINKED_ORDER"),
    )


@pytest.mark.parametrize("which", [1, 2])
def test_of_active_exits_too(alice, bob, which):
    orders = placed(alice)
    bob.sells("1", "29500")
    alice.delete(f"orders/{orders[which]['id']}")
    assert [status for status, _ in fates(alice, orders)] == ["filled", "cancelled", "cancelled"]
    assert alice.balance("BTC") == ("10.999", "0")


def test_everything_can_be_cancelled_at_once(alice):
    orders = placed(alice)
    alice.delete("orders")
    assert [status for status, _ in fates(alice, orders)] == ["cancelled"] * 3
    assert alice.balance("USDT") == ("1000000", "0")


@pytest.mark.parametrize(
    ("legs", "waiting"),
    [
        ({"stop_loss": None}, ["open", "new"]),
        ({"take_profit": None}, ["open", "new"]),
        ({"take_profit": {"type": "take_profit_limit", "trigger_price": "31000", "price": "30900"}},
         ["open", "new", "new"]),
        ({"take_profit": {"type": "take_profit_market", "trigger_price": "31000"}}, ["open", "new", "new"]),
        ({"stop_loss": {"type": "stop_limit", "trigger_price": "29000", "price": "28900"}}, ["open", "new", "new"]),
        ({"stop_loss": {"type": "trailing_stop", "trail_percent": "2"}}, ["open", "new", "new"]),
    ],
    ids=str,
)  # fmt: skip
def test_every_kind_of_exit(alice, bob, legs, waiting):
    orders = placed(alice, **legs)
    assert [order["status"] for order in orders] == waiting
    bob.sells("1", "29500")
    assert alice.order(orders[0])["status"] == "filled"
    assert {alice.order(order)["status"] for order in orders[1:]} <= {"open", "pending_trigger"}
    assert alice.balance("BTC") == ("10", "0.999")


def test_a_trailing_exit_begins_to_follow_when_the_entry_is_filled(alice, bob, carol):
    *_, stop = placed(alice, stop_loss={"type": "trailing_stop", "trail_amount": "1000"})
    assert stop["trigger_price"] is None
    trade(bob, carol, "30700")
    bob.sells("1", "29500")
    assert alice.order(stop)["trigger_price"] == "28500"


def test_a_seller_can_have_one(alice, bob):
    entry = {"side": "sell", "type": "limit", "quantity": "1", "price": "30500"}
    orders = placed(alice, entry, GAIN | {"price": "29000"}, STOP | {"trigger_price": "31000"})
    bob.buys("1", "30500")
    assert [status for status, _ in fates(alice, orders)] == ["filled", "open", "pending_trigger"]
    assert [order["side"] for order in orders] == ["sell", "buy", "buy"]
    assert quantities(alice, orders) == ["1", "1", "1"]
    # 29000 for the limit, and what the stop may cost beyond it: 31000 and ten per cent.
    assert alice.balance("USDT")[1] == "34100"


def test_exits_that_cannot_be_paid_for_end(alice, bob):
    alice.buys("30", "20000", symbol="BTC-USDT")  # 600000 held
    entry = {"side": "sell", "type": "limit", "quantity": "10", "price": "30500"}
    orders = placed(alice, entry, None, STOP | {"trigger_price": "70000"})
    bob.buys("10", "30500")
    assert fates(alice, orders) == [("filled", ""), ("cancelled", "INSUFFICIENT_FUNDS")]
    assert alice.balance("USDT")[1] == "600000"


def test_a_post_only_exit_ends_rather_than_take(alice, bob, carol):
    bob.sells("1", "30000")
    carol.buys("1", "29900")
    entry = {"side": "buy", "type": "market", "quantity": "1"}
    orders = placed(alice, entry, GAIN | {"price": "29900", "post_only": True})
    assert fates(alice, orders) == [
        ("filled", ""), ("cancelled", "POST_ONLY_WOULD_TAKE"), ("cancelled", "LINKED_ORDER"),
    ]  # fmt: skip
    assert alice.balance("BTC") == ("10.999", "0")


def test_an_exit_without_it_takes_what_is_there(alice, bob, carol):
    bob.sells("1", "30000")
    carol.buys("0.4", "29900")
    orders = placed(alice, {"side": "buy", "type": "market", "quantity": "1"}, GAIN | {"price": "29900"})
    assert fates(alice, orders) == [("filled", ""), ("partially_filled", ""), ("cancelled", "LINKED_ORDER")]
    assert book()[1] == [("29900", "0.599")]


def test_a_stop_that_is_passed_when_the_entry_is_filled_fires_then(alice, bob, carol):
    bob.sells("1", "30000")
    carol.buys("2", "29900")
    orders = placed(
        alice, {"side": "buy", "type": "market", "quantity": "1"}, None, STOP | {"trigger_price": "30500"}
    )
    assert fates(alice, orders) == [("filled", ""), ("filled", "")]
    assert alice.order(orders[1])["average_price"] == "29900"


def test_an_entry_can_be_made_larger_and_its_exits_follow(alice, bob):
    orders = placed(alice)
    assert alice.patch(f"orders/{orders[0]['id']}", {"quantity": "2", "price": "29600"}).status_code == 200
    bob.sells("2", "29600")
    assert quantities(alice, orders) == ["2", "1.998", "1.998"]
    assert alice.balance("BTC") == ("10", "1.998")


def test_exits_that_wait_cannot_be_changed(alice):
    orders = placed(alice)
    assert refusal(alice.patch(f"orders/{orders[1]['id']}", {"price": "32000"})) == (422, "AMEND_INVALID")
    assert refusal(alice.patch(f"orders/{orders[2]['id']}", {"trigger_price": "28000"})) == (
        422,
        "AMEND_INVALID",
    )


def test_the_first_client_order_id_takes_effect_once(alice, bob):
    named = ENTRY | {"client_order_id": "entry"}, GAIN | {"client_order_id": "gain"}, STOP
    first, again = bracket(alice, *named), bracket(alice, *named)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    bob.sells("1", "29500")
    later = bracket(alice, *named).json()["orders"]
    assert [order["status"] for order in later] == ["filled", "open", "pending_trigger"]
    assert alice.get("orders/client:gain").json()["status"] == "open"
    assert Order.objects.filter(account_id=alice.account_id).count() == 3


@pytest.mark.parametrize(
    ("changes", "details"),
    [
        ({"take_profit": None, "stop_loss": None}, {"take_profit": ["Give a take_profit, a stop_loss or both."]}),
        ({"entry": None}, {"entry": ["This field may not be null."]}),
        ({"entry": STOP}, "entry"),
        ({"entry": ENTRY | {"quantity": None}}, "entry"),
        ({"entry": {"side": "buy", "type": "market", "quote_quantity": "100"}}, "entry"),
        ({"entry": ENTRY | {"trigger_price": "29000"}}, {"entry": {"trigger_price": ["This field is not known."]}}),
        ({"entry": ENTRY | {"price": None}}, {"entry": {"price": ["a limit order needs a price"]}}),
        ({"take_profit": GAIN | {"side": "sell"}}, {"take_profit": {"side": ["This field is not known."]}}),
        ({"take_profit": GAIN | {"price": "29500"}},
         {"take_profit": {"price": ["must be above the entry's price, 29500"]}}),
        ({"stop_loss": STOP | {"trigger_price": "29500"}},
         {"stop_loss": {"trigger_price": ["must be below the entry order's, 29500"]}}),
        ({"entry": ENTRY | {"post_only": "yes"}}, "entry"),
        ({"entry": ENTRY | {"reduce_only": True}}, "entry"),
        ({"side": "buy"}, {"side": ["This field is not known."]}),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_told_under_the_name_of_the_leg(alice, changes, details):
    answer = bracket(alice, **changes)
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
        ({"entry": ENTRY | {"quantity": "40"}}, "INSUFFICIENT_FUNDS", None),
        ({"entry": ENTRY | {"quantity": "0.0001"}}, "MIN_NOTIONAL", "entry"),
        ({"stop_loss": STOP | {"trigger_price": "1.001"}}, "INVALID_PRICE", "stop_loss"),
        ({"take_profit": GAIN | {"price": "40000.001"}}, "INVALID_PRICE", "take_profit"),
        ({"stop_loss": {"type": "trailing_stop", "trail_percent": "1", "trigger_source": "index"}},
         "NO_REFERENCE_PRICE", "stop_loss"),
    ],
    ids=str,
)  # fmt: skip
def test_it_is_refused_as_a_whole(alice, changes, code, leg):
    answer = bracket(alice, **changes)
    assert refusal(answer)[1] == code
    assert answer.json()["details"].get("leg") == leg
    assert Order.objects.filter(account_id=alice.account_id).count() == 0
    assert alice.balance("USDT") == ("1000000", "0")


def test_the_sweep_leaves_it_alone(alice):
    orders = placed(alice)
    sweep()
    assert [status for status, _ in fates(alice, orders)] == ["open", "new", "new"]
