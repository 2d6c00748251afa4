"""POST /api/v1/orders"""

import uuid
from decimal import Decimal

import pytest
from django.db import connection

from trading import audit
from trading.models import Order
from trading.tests.api.desk import book, refusal


def test_a_limit_order_rests_and_holds_what_it_needs(alice):
    answer = alice.place("buy", "0.5", "30000.10")
    order = answer.json()
    assert answer.status_code == 201
    assert isinstance(order["id"], str) and int(order["id"]) > 0
    assert uuid.UUID(order["client_order_id"])
    assert isinstance(order["created_at"], int) and order["created_at"] == order["updated_at"]
    shown = {
        name: order[name]
        for name in order
        if name not in ("id", "client_order_id", "created_at", "updated_at")
    }
    assert shown == {
        "symbol": "BTC-USDT", "side": "buy", "type": "limit", "time_in_force": "gtc", "post_only": False,
        "self_trade_prevention": "cancel_newest", "price": "30000.1", "quantity": "0.5", "quote_quantity": None,
        "status": "open", "filled_quantity": "0", "filled_cost": "0", "average_price": None, "reason": "",
        "fills": [], "reduce_only": False, "display_quantity": None, "trigger_price": None, "trigger_source": None,
        "expires_at": None, "trail_amount": None, "trail_percent": None, "link": None,
    }  # fmt: skip
    assert book() == ([("30000.1", "0.5")], [])
    assert alice.balance("USDT") == ("984999.95", "15000.05")


def test_a_fill_is_at_the_makers_price_and_each_pays_the_fee_in_what_it_gets(alice, bob):
    maker = alice.sells("0.3", "30000.01")
    taken = bob.buys("0.5", "30100")
    assert (taken["status"], taken["filled_quantity"], taken["filled_cost"]) == (
        "partially_filled",
        "0.3",
        "9000.003",
    )
    assert taken["average_price"] == "30000.01"
    (fill,) = taken["fills"]
    assert (fill["role"], fill["side"], fill["price"], fill["quantity"]) == (
        "taker",
        "buy",
        "30000.01",
        "0.3",
    )
    assert (fill["cost"], fill["fee"], fill["fee_asset"]) == ("9000.003", "0.0003", "BTC")
    assert (fill["order_id"], fill["symbol"]) == (taken["id"], "BTC-USDT")
    assert isinstance(fill["id"], int) and isinstance(fill["time"], int)
    assert bob.balance("BTC") == ("10.2997", "0")
    assert bob.balance("USDT") == ("984979.997", "6020")  # 0.2 more at 30100 are held
    # The maker's fee of 9.000003 is a whole number of units already.
    assert alice.balance("USDT") == ("1008991.002997", "0")
    assert alice.balance("BTC") == ("9.7", "0")
    assert alice.order(maker)["status"] == "filled"


def test_fees_are_rounded_up_to_the_last_unit(alice, bob):
    alice.sells("0.00017", "30000.01")
    (fill,) = bob.buys("0.00017", "30000.01")["fills"]
    assert (fill["cost"], fill["fee"]) == ("5.1000017", "0.00000017")
    (sold,) = alice.get("fills").json()["results"]
    assert (sold["fee"], sold["fee_asset"]) == ("0.00510001", "USDT")  # 0.0051000017
    assert alice.balance("USDT") == ("1000005.09490169", "0")


def test_an_order_walks_the_book_best_price_first_then_oldest(alice, bob, carol):
    first, second = alice.sells("0.1", "101", symbol="ETH-USDT"), carol.sells("0.1", "101", symbol="ETH-USDT")
    best = carol.sells("0.1", "100", symbol="ETH-USDT")
    taken = bob.buys("0.25", "101", symbol="ETH-USDT")
    assert [fill["price"] for fill in taken["fills"]] == ["100", "101", "101"]
    assert [fill["quantity"] for fill in taken["fills"]] == ["0.1", "0.1", "0.05"]
    assert taken["average_price"] == "100.6"
    assert [alice.order(first)["status"], carol.order(second)["status"], carol.order(best)["status"]] == [
        "filled", "partially_filled", "filled",
    ]  # fmt: skip


def test_a_market_buy_by_quantity_takes_what_is_there_and_ends(alice, bob):
    alice.sells("0.2", "30000")
    order = bob.buys("0.3")
    assert (order["type"], order["time_in_force"], order["price"]) == ("market", "ioc", None)
    assert (order["status"], order["filled_quantity"], order["reason"]) == (
        "cancelled",
        "0.2",
        "NO_LIQUIDITY",
    )
    assert bob.balance("USDT") == ("994000", "0")


def test_a_market_order_in_an_empty_market_is_cancelled_and_says_why(bob):
    order = bob.sells("0.3")
    assert (order["status"], order["reason"], order["fills"]) == ("cancelled", "NO_LIQUIDITY", [])


def test_a_market_buy_by_cost_spends_at_most_the_cost(alice, bob):
    alice.sells("1", "30000")
    alice.sells("1", "30001")
    order = bob.buys(quote_quantity="45000")
    assert (order["status"], order["quote_quantity"]) == ("filled", "45000")
    assert (order["filled_quantity"], order["filled_cost"]) == ("1.49998", "44999.89998")
    assert order["quantity"] == order["filled_quantity"]
    assert bob.balance("USDT") == ("955000.10002", "0")


@pytest.mark.parametrize("asked", ["100.123456789", "100.000000000000000001", "100.1", "100.20"])
def test_a_cost_is_shown_as_it_was_asked_for_and_spent_in_whole_steps(alice, bob, asked):
    alice.sells("1", "30000.01")
    order = bob.buys(quote_quantity=asked, client_order_id="one")
    assert Decimal(order["quote_quantity"]) == Decimal(asked)
    assert (order["filled_quantity"], order["filled_cost"]) == ("0.00333", "99.9000333")
    assert bob.order(order) == order == bob.place("buy", quote_quantity=asked, client_order_id="one").json()
    assert bob.get("orders").json()["results"][0]["quote_quantity"] == order["quote_quantity"]
    with connection.cursor() as cursor:
        assert audit.check(cursor).violations == []


def test_a_market_sell_is_not_by_cost(bob):
    answer = bob.place("sell", quote_quantity="100")
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert "quote_quantity" in answer.json()["details"]


def test_immediate_or_cancel_leaves_nothing_in_the_book(alice, bob):
    alice.sells("0.2", "30000")
    order = bob.buys("0.5", "30000", time_in_force="ioc")
    assert (order["status"], order["filled_quantity"], order["reason"]) == (
        "cancelled",
        "0.2",
        "IOC_REMAINDER",
    )
    assert book() == ([], [])
    assert bob.balance("USDT") == ("994000", "0")


def test_fill_or_kill_fills_whole_or_not_at_all(alice, bob):
    alice.sells("0.2", "30000")
    killed = bob.buys("0.3", "30000", time_in_force="fok")
    assert (killed["status"], killed["reason"], killed["fills"]) == ("cancelled", "FOK_NOT_FILLABLE", [])
    assert book() == ([], [("30000", "0.2")])
    filled = bob.buys("0.2", "30000", time_in_force="fok")
    assert (filled["status"], filled["filled_quantity"]) == ("filled", "0.2")


def test_post_only_rests_or_is_refused(alice, bob):
    alice.sells("0.2", "30000")
    assert refusal(bob.place("buy", "0.1", "30000", post_only=True)) == (422, "POST_ONLY_WOULD_TAKE")
    assert bob.buys("0.1", "29999.99", post_only=True)["status"] == "open"
    assert Order.objects.count() == 2


@pytest.mark.parametrize("more", [{"time_in_force": "ioc"}, {"time_in_force": "fok"}])
def test_post_only_does_not_go_with_orders_that_must_trade_at_once(bob, more):
    answer = bob.place("buy", "0.1", "30000", post_only=True, **more)
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert "post_only" in answer.json()["details"]


@pytest.mark.parametrize(
    ("choice", "resting", "incoming"),
    [
        ("cancel_newest", ("open", "1"), ("cancelled", "0")),
        ("cancel_oldest", ("cancelled", "0"), ("open", "0")),
        ("cancel_both", ("cancelled", "0"), ("cancelled", "0")),
        ("decrement", ("open", "0.4"), ("cancelled", "0")),
    ],
)
def test_nobody_trades_with_themself(alice, choice, resting, incoming):
    old = alice.sells("1", "30000")
    new = alice.buys("0.6", "30000", self_trade_prevention=choice)
    assert (new["status"], new["filled_quantity"]) == incoming
    assert new["fills"] == []
    assert alice.order(old)["status"] == resting[0]
    asks = book()[1]
    assert asks == ([("30000", resting[1])] if resting[1] != "0" else [])
    if new["status"] == "cancelled":
        assert new["reason"] == "SELF_TRADE_PREVENTED"
        assert alice.balance("USDT") == ("1000000", "0")


def test_a_client_order_id_takes_effect_once(alice, bob):
    bob.sells("0.1", "30000")
    first = alice.place("buy", "0.3", "30000", client_order_id="mine-1")
    again = alice.place("buy", "0.3", "30000", client_order_id="mine-1")
    other = alice.place("sell", "9", "99999", symbol="ETH-USDT", client_order_id="mine-1")
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 200)
    assert first.json() == again.json() == other.json()
    assert Order.objects.filter(account_id=alice.account_id).count() == 1
    assert alice.balance("USDT") == ("991000", "6000")


def test_a_repeated_client_order_id_shows_the_order_as_it_is_now(alice):
    order = alice.buys("0.3", "30000", client_order_id="x")
    alice.delete(f"orders/{order['id']}")
    again = alice.place("buy", "0.3", "30000", client_order_id="x")
    assert (again.status_code, again.json()["status"]) == (200, "cancelled")


def test_client_order_ids_of_others_are_their_own(alice, bob):
    one, other = (
        alice.buys("0.1", "30000", client_order_id="a"),
        bob.buys("0.1", "30000", client_order_id="a"),
    )
    assert one["id"] != other["id"]


def test_a_refused_client_order_id_can_be_used_again(alice):
    assert refusal(alice.place("buy", "900", "30000", client_order_id="a")) == (422, "INSUFFICIENT_FUNDS")
    assert alice.place("buy", "0.1", "30000", client_order_id="a").status_code == 201


@pytest.mark.parametrize(
    "bad", ["", " ", "a b", " a", "a\n", "x" * 65, "ä", "a/b", "💥", 7, None, True, ["a"], {"a": 1}]
)
def test_a_client_order_id_is_plain_text(alice, bad):
    answer = alice.place("buy", "0.1", "30000", client_order_id=bad)
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert set(answer.json()["details"]) == {"client_order_id"}


def test_order_ids_grow(alice):
    ids = [int(alice.buys("0.1", "100")["id"]) for _ in range(3)]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize(
    "name", ["code", "message", "self", "details", "args", "post_onyl", "status", "id", ""]
)
def test_a_field_that_is_not_known_is_refused_by_name(alice, name):
    body = {
        "symbol": "BTC-USDT",
        "side": "buy",
        "type": "limit",
        "price": "30000",
        "quantity": "0.1",
        name: "x",
    }
    answer = alice.post("orders", body)
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["details"] == {name: ["This field is not known."]}


def test_a_sell_of_a_wallet_to_its_last_unit_goes_through_and_a_lot_more_does_not(alice):
    alice.sells("10", "30000")
    assert alice.balance("BTC") == ("0", "10")
    answer = alice.place("sell", "0.00017", "30000")
    assert refusal(answer) == (422, "INSUFFICIENT_FUNDS")
    assert answer.json()["details"] == {"asset": "BTC", "available": "0", "required": "0.00017"}


def test_fields_of_other_types_may_be_sent_empty(alice):
    order = alice.buys(
        "0.1", "30000", reduce_only=False, display_quantity=None, trigger_price=None, trigger_source=None,
        trail_amount=None, trail_percent=None, expires_at=None,
    )  # fmt: skip
    assert order["status"] == "open"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reduce_only", True),
        ("reduce_only", None),
        ("reduce_only", "false"),
        ("display_quantity", "0.1"),
        ("display_quantity", "0"),
        ("display_quantity", ""),
        ("display_quantity", False),
        ("trigger_price", "29000"),
        ("trigger_price", 0),
        ("trigger_source", "last"),
        ("trigger_source", []),
        ("trail_amount", "10"),
        ("trail_percent", "1"),
        ("expires_at", 1_800_000_000_000),
        ("expires_at", {}),
    ],
)
def test_and_not_otherwise(alice, field, value):
    answer = alice.place("buy", "0.1", "30000", **{field: value})
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert list(answer.json()["details"]) == [field]
    assert Order.objects.count() == 0
