"""Orders with `display_quantity`: only a slice of them is shown."""

import pytest

from trading.tests.api.desk import book, refusal

pytestmark = pytest.mark.usefixtures("audited")


def iceberg(desk, quantity="1", display="0.1", side="sell", price="30000", **more):
    return desk.place(side, quantity, price, display_quantity=display, **more)


def test_the_book_shows_a_slice_and_all_of_it_is_held(alice):
    order = iceberg(alice).json()
    assert (order["status"], order["quantity"], order["display_quantity"]) == ("open", "1", "0.1")
    assert book() == ([], [("30000", "0.1")])
    assert alice.balance("BTC") == ("9", "1")


def test_a_refreshed_slice_goes_to_the_back_of_its_level(alice, bob, carol):
    hidden = iceberg(alice).json()
    plain = bob.sells("0.3", "30000")
    taken = carol.buys("0.2", "30000")
    assert [fill["quantity"] for fill in taken["fills"]] == ["0.1", "0.1"]
    assert (alice.order(hidden)["filled_quantity"], bob.order(plain)["filled_quantity"]) == ("0.1", "0.1")
    assert book() == ([], [("30000", "0.3")])  # bob's 0.2 and a new slice
    carol.buys("0.25", "30000")
    assert (alice.order(hidden)["filled_quantity"], bob.order(plain)["filled_quantity"]) == ("0.15", "0.3")
    assert book() == ([], [("30000", "0.05")])


def test_one_taker_takes_slice_after_slice_before_the_next_price(alice, bob, carol):
    iceberg(alice, "0.3")
    bob.sells("0.1", "30001")
    taken = carol.buys("0.35", "30001")
    shown = [(fill["price"], fill["quantity"]) for fill in taken["fills"]]
    assert shown == [("30000", "0.1")] * 3 + [("30001", "0.05")]
    assert book() == ([], [("30001", "0.05")])


def test_coming_in_it_trades_with_all_of_it(alice, bob):
    bob.buys("0.4", "30000")
    order = iceberg(alice).json()
    assert (order["status"], order["filled_quantity"]) == ("partially_filled", "0.4")
    assert book() == ([], [("30000", "0.1")])


def test_the_last_slice_is_what_is_left(alice, bob):
    iceberg(alice, "0.25")
    bob.buys("0.2", "30000")
    assert book() == ([], [("30000", "0.05")])


def test_a_smaller_one_loses_what_is_hidden_first(alice):
    order = iceberg(alice, "0.5").json()
    assert alice.patch(f"orders/{order['id']}", {"quantity": "0.2"}).status_code == 200
    assert book() == ([], [("30000", "0.1")])
    assert alice.balance("BTC") == ("9.8", "0.2")
    assert alice.patch(f"orders/{order['id']}", {"quantity": "0.05"}).status_code == 200
    assert book() == ([], [("30000", "0.05")])


def test_a_larger_one_is_still_shown_in_slices(alice):
    order = iceberg(alice, "0.5").json()
    assert alice.patch(f"orders/{order['id']}", {"quantity": "0.9"}).status_code == 200
    assert book() == ([], [("30000", "0.1")])
    assert alice.order(order)["display_quantity"] == "0.1"


def test_it_has_at_most_a_hundred_slices(alice):
    order = iceberg(alice, "1", "0.01").json()
    answer = alice.patch(f"orders/{order['id']}", {"quantity": "1.00001"})
    assert refusal(answer) == (422, "AMEND_INVALID")
    for display in ("0.00999", "1", "1.1"):
        answer = iceberg(alice, "1", display)
        assert refusal(answer) == (400, "VALIDATION_ERROR")
        assert list(answer.json()["details"]) == ["display_quantity"]


def test_a_slice_is_in_whole_lots(alice):
    assert refusal(iceberg(alice, "1", "0.100001")) == (422, "INVALID_QUANTITY")


def test_a_stop_limit_can_be_one_too(alice, bob, carol):
    order = iceberg(alice, "1", "0.1", type="stop_limit", trigger_price="29000", price="29500").json()
    carol.buys("0.01", "29000")
    bob.sells("0.01", "29000")
    assert alice.order(order)["status"] == "open"
    assert book() == ([], [("29500", "0.1")])


def test_nobody_trades_with_a_slice_of_their_own(alice):
    order = iceberg(alice).json()
    new = alice.buys("0.15", "30000", self_trade_prevention="decrement")
    assert (new["status"], new["reason"], new["fills"]) == ("cancelled", "SELF_TRADE_PREVENTED", [])
    assert alice.order(order)["status"] == "open"
    assert book() == ([], [("30000", "0.05")])


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"display_quantity": "0"}, "display_quantity"),
        ({"display_quantity": 0.1}, "display_quantity"),
        ({"display_quantity": "1e-1"}, "display_quantity"),
        ({"display_quantity": ""}, "display_quantity"),
        ({"time_in_force": "ioc"}, "display_quantity"),
        ({"time_in_force": "fok"}, "display_quantity"),
        ({"type": "market", "price": None}, "display_quantity"),
        ({"type": "stop_market", "price": None, "trigger_price": "29000"}, "display_quantity"),
    ],
    ids=str,
)
def test_only_an_order_that_can_rest_has_one(alice, terms, field):
    body = {
        "symbol": "BTC-USDT", "side": "sell", "type": "limit", "price": "30000", "quantity": "1",
        "display_quantity": "0.1", **terms,
    }  # fmt: skip
    answer = alice.post("orders", body)
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert list(answer.json()["details"]) == [field]
