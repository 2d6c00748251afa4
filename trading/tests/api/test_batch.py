"""POST /api/v1/orders/batch"""

import pytest

from trading.models import Order
from trading.tests.api.desk import book, refusal


def limit(side="buy", quantity="0.1", price="30000", symbol="BTC-USDT", **more):
    return {"symbol": symbol, "side": side, "type": "limit", "quantity": quantity, "price": price, **more}


def results(answer):
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def outcomes(answer):
    """The status of each order, or the code of its error."""
    return [row["order"]["status"] if "order" in row else row["error"]["code"] for row in results(answer)]


def test_orders_of_several_markets_get_one_result_each_in_order(alice, bob):
    bob.sells("1", "2000", symbol="ETH-USDT")
    answer = alice.post(
        "orders/batch",
        {
            "orders": [
                limit(),
                limit(symbol="ETH-USDT", price="2000"),
                limit("sell", price="31000"),
                limit(price="1"),
            ]
        },
    )
    rows = results(answer)
    assert outcomes(answer) == ["open", "filled", "open", "MIN_NOTIONAL"]
    assert [row["order"]["symbol"] for row in rows[:3]] == ["BTC-USDT", "ETH-USDT", "BTC-USDT"]
    assert rows[1]["order"]["fills"][0]["price"] == "2000"
    assert set(rows[3]) == {"error"} and set(rows[3]["error"]) == {"code", "message", "details"}
    assert book() == ([("30000", "0.1")], [("31000", "0.1")])


def test_bad_items_are_refused_by_themselves(alice):
    bad = [
        None, 7, "order", [], {}, [limit()], limit(price=30000), limit(quantity="1e5"), limit(side="bid"),
        limit(symbol="NO-SUCH"), limit(symbol=7), limit(extra=1), limit(code=1), limit(message=1), limit(self=1),
        limit(client_order_id=" "), limit(quantity=None), limit(quote_quantity="5"), True,
    ]  # fmt: skip
    answer = alice.post("orders/batch", {"orders": [limit(), *bad, limit(price="29000")]})
    shown = outcomes(answer)
    assert shown[0] == shown[-1] == "open"
    assert set(shown[1:-1]) == {"VALIDATION_ERROR", "UNKNOWN_SYMBOL"}
    assert shown.count("UNKNOWN_SYMBOL") == 1
    assert Order.objects.count() == 2


def test_an_order_sees_what_the_one_before_it_spent(alice):
    whole = limit(quantity="20", price="30000")
    answer = alice.post("orders/batch", {"orders": [whole, whole, limit(quantity="10")]})
    assert outcomes(answer) == ["open", "INSUFFICIENT_FUNDS", "open"]
    assert alice.balance("USDT") == ("100000", "900000")


def test_a_client_order_id_counts_once_within_a_batch_too(alice):
    same = limit(client_order_id="once")
    answer = alice.post(
        "orders/batch", {"orders": [same, same, limit(symbol="ETH-USDT", client_order_id="once")]}
    )
    rows = results(answer)
    assert {row["order"]["id"] for row in rows} == {rows[0]["order"]["id"]}
    assert Order.objects.count() == 1
    again = alice.post("orders/batch", {"orders": [same]})
    assert results(again)[0]["order"] == rows[0]["order"]


def test_own_orders_of_a_batch_do_not_trade_with_each_other(alice):
    answer = alice.post("orders/batch", {"orders": [limit(), limit("sell")]})
    assert outcomes(answer) == ["open", "cancelled"]


def test_a_bare_list_of_orders_is_a_batch_too(alice):
    answer = alice.post("orders/batch", [limit(), limit(price="1"), [limit()]])
    assert outcomes(answer) == ["open", "MIN_NOTIONAL", "VALIDATION_ERROR"]
    assert book() == ([("30000", "0.1")], [])


def test_a_hundred_orders_are_a_batch(alice):
    answer = alice.post("orders/batch", {"orders": [limit(price=str(1000 + n)) for n in range(100)]})
    assert outcomes(answer) == ["open"] * 100
    assert len(book(depth=1000)[0]) == 100


@pytest.mark.parametrize(
    "body",
    [
        {"orders": [limit()] * 101},
        {"orders": []},
        {"orders": None},
        {"orders": {"0": limit()}},
        {"orders": "all"},
        {},
        [],
        [limit()] * 101,
        {"orders": [limit()], "more": 1},
        limit(),
    ],
    ids=[
        "101",
        "none",
        "null",
        "object",
        "text",
        "empty",
        "empty list",
        "list of 101",
        "unknown field",
        "order",
    ],
)
def test_anything_else_is_refused_as_a_whole(alice, body):
    answer = alice.post("orders/batch", body)
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert "orders" in answer.json()["details"]
    assert Order.objects.count() == 0
