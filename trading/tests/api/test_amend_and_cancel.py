"""PATCH and DELETE /api/v1/orders/{id} · POST /api/v1/orders/{id}/cancel · DELETE /api/v1/orders"""

import pytest

from market.models import Market
from trading.models import Order
from trading.tests.api.desk import book, refusal


@pytest.mark.parametrize("by", ["delete", "post"])
@pytest.mark.parametrize("reference", ["{id}", "client:{client_order_id}"])
def test_cancelling_gives_back_what_was_held(alice, by, reference):
    order = alice.buys("0.1", "30000", client_order_id="mine:1")
    address = "orders/" + reference.format(**order)
    answer = alice.delete(address) if by == "delete" else alice.post(f"{address}/cancel")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["reason"]) == ("cancelled", "CANCELLED_BY_USER")
    assert answer.json()["id"] == order["id"] and "fills" not in answer.json()
    assert alice.balance("USDT") == ("1000000", "0")
    assert book() == ([], [])


def test_what_was_filled_stays_filled(alice, bob):
    order = alice.buys("0.3", "30000")
    bob.sells("0.1", "30000")
    cancelled = alice.delete(f"orders/{order['id']}").json()
    assert (cancelled["status"], cancelled["filled_quantity"]) == ("cancelled", "0.1")
    assert alice.balance("USDT") == ("997000", "0")
    assert len(alice.order(order)["fills"]) == 1


def test_a_halted_market_takes_cancels_only(alice):
    order = alice.buys("0.1", "30000")
    Market.objects.filter(symbol="BTC-USDT").update(status="halted")
    assert refusal(alice.patch(f"orders/{order['id']}", {"price": "29000"})) == (422, "MARKET_NOT_OPEN")
    assert alice.delete(f"orders/{order['id']}").status_code == 200


def test_a_smaller_quantity_keeps_its_place_in_the_queue(alice, bob, carol):
    first, second = alice.buys("0.3", "30000"), bob.buys("0.3", "30000")
    amended = alice.patch(f"orders/{first['id']}", {"quantity": "0.2"})
    assert amended.status_code == 200
    assert (amended.json()["quantity"], amended.json()["status"]) == ("0.2", "open")
    assert alice.balance("USDT") == ("994000", "6000")
    carol.sells("0.2", "30000")
    assert (alice.order(first)["status"], bob.order(second)["status"]) == ("filled", "open")


@pytest.mark.parametrize(
    "change", [{"quantity": "0.4"}, {"price": "30000.01"}, {"price": "30000.01", "quantity": "0.1"}]
)
def test_anything_else_loses_it(alice, bob, carol, change):
    first, second = alice.buys("0.3", "30000"), bob.buys("0.3", "30000")
    assert alice.patch(f"orders/{first['id']}", change).status_code == 200
    back = {"price": "30000"} if "price" in change else {"quantity": "0.45"}
    assert alice.patch(f"orders/{first['id']}", back).status_code == 200
    carol.sells("0.3", "30000")
    assert (alice.order(first)["status"], bob.order(second)["status"]) == ("open", "filled")


def test_an_amended_order_may_trade_at_once(alice, bob):
    bob.sells("0.2", "30000")
    order = alice.buys("0.3", "29000", client_order_id="up")
    amended = alice.patch("orders/client:up", {"price": "30000"}).json()
    assert (amended["id"], amended["status"], amended["filled_quantity"]) == (
        order["id"],
        "partially_filled",
        "0.2",
    )
    assert [fill["role"] for fill in amended["fills"]] == ["taker"]
    assert alice.balance("USDT") == ("991000", "3000")


def test_the_filled_part_counts_in_an_amended_quantity(alice, bob):
    order = alice.buys("0.3", "30000")
    bob.sells("0.1", "30000")
    amended = alice.patch(f"orders/{order['id']}", {"quantity": "0.2"}).json()
    assert (amended["quantity"], amended["filled_quantity"]) == ("0.2", "0.1")
    assert book() == ([("30000", "0.1")], [])


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({}, 400, "VALIDATION_ERROR"),
        ({"price": None}, 400, "VALIDATION_ERROR"),
        ({"price": "0"}, 400, "VALIDATION_ERROR"),
        ({"quantity": 1}, 400, "VALIDATION_ERROR"),
        ({"quantity": "0.1", "side": "sell"}, 400, "VALIDATION_ERROR"),
        ({"price": "30000.001"}, 422, "INVALID_PRICE"),
        ({"quantity": "0.000001"}, 422, "INVALID_QUANTITY"),
        ({"quantity": "0.0001"}, 422, "MIN_NOTIONAL"),
        ({"quantity": "1000000", "price": "10000000"}, 422, "MAX_NOTIONAL"),
        ({"quantity": "40"}, 422, "INSUFFICIENT_FUNDS"),
    ],
    ids=str,
)
def test_an_amendment_that_does_not_fit_changes_nothing(alice, change, status, code):
    order = alice.buys("0.3", "30000")
    assert refusal(alice.patch(f"orders/{order['id']}", change)) == (status, code)
    assert alice.order(order) == order
    assert alice.balance("USDT") == ("991000", "9000")


def test_an_amended_post_only_order_may_not_take(alice, bob):
    bob.sells("0.2", "30000")
    order = alice.buys("0.3", "29000", post_only=True)
    assert refusal(alice.patch(f"orders/{order['id']}", {"price": "30000"})) == (422, "POST_ONLY_WOULD_TAKE")


def test_nobody_touches_the_orders_of_others(alice, bob, admin):
    order = alice.buys("0.1", "30000", client_order_id="hers")
    for desk in (bob, admin):
        for reference in (order["id"], "client:hers"):
            for answer in (
                desk.get(f"orders/{reference}"),
                desk.patch(f"orders/{reference}", {"price": "1000"}),
                desk.delete(f"orders/{reference}"),
                desk.post(f"orders/{reference}/cancel"),
            ):
                assert refusal(answer) == (404, "ORDER_NOT_FOUND")
        assert desk.delete("orders").json() == {"cancelled": []}
    assert alice.order(order) == order


@pytest.mark.parametrize(
    "reference",
    ["0", "-1", "007x", "1e3", "9" * 19, "9" * 20, "9" * 5000, "client:", "client:none", "client", "١", "%F0%9F%92%A9",
     "%ED%A0%80", "%FF", "client:%EF%BF%BF", "x" * 3000],
)  # fmt: skip
def test_a_reference_to_nothing_is_not_found(alice, reference):
    for answer in (
        alice.get(f"orders/{reference}"),
        alice.patch(f"orders/{reference}", {"price": "1"}),
        alice.delete(f"orders/{reference}"),
        alice.post(f"orders/{reference}/cancel"),
    ):
        assert refusal(answer) == (404, "ORDER_NOT_FOUND")


def test_all_orders_of_one_market_or_of_all(alice, bob):
    orders = [
        alice.buys("0.1", "30000"),
        alice.sells("0.1", "31000"),
        alice.buys("1", "2000", symbol="ETH-USDT"),
    ]
    his = bob.buys("0.1", "29000")
    in_btc = alice.delete("orders?symbol=BTC-USDT")
    assert in_btc.json() == {"cancelled": [order["id"] for order in orders[:2]]}
    assert alice.order(orders[2])["status"] == "open"
    assert alice.delete("orders").json() == {"cancelled": [orders[2]["id"]]}
    assert alice.delete("orders").json() == {"cancelled": []}
    assert bob.order(his)["status"] == "open"
    assert alice.balance("USDT") == ("1000000", "0")


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("?sybmol=BTC-USDT", None, 400),
        ("?symbol=BTC-USDT&symbol=ETH-USDT", None, 400),
        ("?symbol=BTC-USDT&status=open", None, 400),
        ("?symbol=", None, 404),
        ("?symbol=btc-usdt", None, 404),
        ("?symbol=NO-SUCH", None, 404),
        ("", {"symbol": "BTC-USDT"}, 400),
        ("", [], 400),
    ],
)
def test_what_was_not_understood_does_not_cancel_everything(alice, query, body, status):
    order = alice.buys("0.1", "30000")
    answer = alice.delete(f"orders{query}", body)
    assert refusal(answer)[0] == status
    assert alice.order(order)["status"] == "open"


def test_a_cancel_that_says_more_than_it_may_is_refused(alice):
    order = alice.buys("0.1", "30000")
    assert refusal(alice.post(f"orders/{order['id']}/cancel", {"quantity": "0.05"})) == (
        400,
        "VALIDATION_ERROR",
    )
    assert Order.objects.get().status == "open"
