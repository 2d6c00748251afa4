"""Orders on a perpetual through the REST API."""

from decimal import Decimal

import pytest

from trading.tests.api.contract_desk import PERP, marks, opens, position
from trading.tests.api.desk import Desk, book, person, refusal


@pytest.fixture(autouse=True)
def marked(markets):
    marks("50000")


def order(side="buy", price="49000", quantity="1", **more):
    return {
        "symbol": PERP, "side": side, "type": "limit", "price": price, "quantity": quantity, **more,
    }  # fmt: skip


def margin(desk):
    return desk.get("account").json()["margin"]


def test_nobody_needs_bitcoin_to_sell(markets):
    bear = Desk(person("bear", funds={"USDT": Decimal(20_000)}))
    assert bear.sells("1", "51000", symbol=PERP)["status"] == "open"
    # 51,000 / 5 and twice the taker fee
    assert margin(bear) == "10251"
    assert bear.balance("BTC") == ("0", "0")


def test_the_margin_must_cover_an_order(markets):
    bear = Desk(person("bear", funds={"USDT": Decimal(10_000)}))
    answer = bear.place("sell", "1", "51000", symbol=PERP)
    assert refusal(answer) == (422, "INSUFFICIENT_MARGIN")
    assert answer.json()["details"] == {"asset": "USDT", "required": "10251", "available": "10000"}
    assert margin(bear) == "0"


def test_an_order_is_amended_with_its_margin(alice):
    placed = alice.buys("1", "49000", symbol=PERP)
    assert margin(alice) == "9849"
    answer = alice.patch(f"orders/{placed['id']}", {"quantity": "2", "price": "48000"})
    assert (answer.json()["quantity"], answer.json()["price"]) == ("2", "48000")
    assert margin(alice) == "19296"
    assert refusal(alice.patch(f"orders/{placed['id']}", {"quantity": "110"})) == (422, "LEVERAGE_TOO_HIGH")
    alice.delete(f"orders/{placed['id']}")
    assert margin(alice) == "0"


def test_a_batch_has_a_result_for_each(alice):
    orders = [
        order(),
        order(quantity="0.0001"),
        order(price="49000.05"),
        order(reduce_only=True),
        order(symbol="NO-PERP"),
        order("sell", "51000", display_quantity="0.1"),
    ]
    results = alice.post("orders/batch", orders).json()["results"]
    said = [result["error"]["code"] if "error" in result else "taken" for result in results]
    assert said == ["taken", "INVALID_QUANTITY", "INVALID_PRICE", "REDUCE_ONLY", "UNKNOWN_SYMBOL", "taken"]


def test_exposure_has_a_limit(alice):
    answer = alice.place("buy", "500", "49000", symbol=PERP)
    assert refusal(answer)[0] == 422
    alice.post("leverage", {"symbol": PERP, "leverage": 1})
    answer = alice.place("buy", "500", "49000", symbol=PERP)
    assert refusal(answer) == (422, "EXPOSURE_LIMIT")
    assert answer.json()["details"] == {"scope": "user", "exposure": "24500000", "maximum": "20000000"}


def test_without_a_mark_price_nobody_gets_in(alice):
    assert refusal(alice.place("buy", "1", "2500", symbol="ETH-PERP")) == (422, "NO_MARK_PRICE")


# ---- reduce-only ----


def test_a_reduce_only_order_gets_out_and_never_in(alice, bob):
    answer = alice.place("sell", "1", "51000", symbol=PERP, reduce_only=True)
    assert refusal(answer) == (422, "REDUCE_ONLY")
    opens(alice, bob, "1", "50000")
    assert refusal(alice.place("buy", "1", "49000", symbol=PERP, reduce_only=True)) == (422, "REDUCE_ONLY")
    placed = alice.sells("1", "51000", symbol=PERP, reduce_only=True)
    assert (placed["reduce_only"], placed["status"]) == (True, "open")
    assert margin(alice) == "10025"  # it requires nothing
    bob.buys("1", "51000", symbol=PERP)
    assert position(alice) is None
    assert alice.order(placed)["status"] == "filled"


def test_there_is_nothing_to_reduce_on_spot(alice):
    for body in (
        order(symbol="BTC-USDT", reduce_only=True),
        order("sell", symbol="BTC-USDT", reduce_only=True),
    ):
        answer = alice.post("orders", body)
        assert refusal(answer) == (400, "VALIDATION_ERROR")
        assert "spot" in answer.json()["details"]["reduce_only"][0]


@pytest.mark.parametrize("symbol", [None, 7, [], {}, "NO-SUCH", "x" * 5000])
def test_reduce_only_with_what_is_no_market(alice, symbol):
    assert refusal(alice.post("orders", order(symbol=symbol, reduce_only=True)))[0] in (400, 404)


def test_an_iceberg_does_not_reduce(alice, bob):
    opens(alice, bob, "1", "50000")
    answer = alice.post("orders", order("sell", "51000", reduce_only=True, display_quantity="0.1"))
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["details"] == {"display_quantity": ["a reduce-only order shows all of itself"]}
    assert alice.sells("1", "51000", symbol=PERP, display_quantity="0.1")["status"] == "open"


# ---- orders that hang together ----


def test_the_exits_of_a_bracket_only_reduce(alice, bob):
    bob.sells("1", "50000", symbol=PERP)
    answer = alice.post(
        "orders/bracket",
        {
            "symbol": PERP,
            "entry": {"type": "limit", "side": "buy", "quantity": "1", "price": "50000"},
            "take_profit": {"type": "limit", "price": "52000"},
            "stop_loss": {"type": "stop_market", "trigger_price": "48000", "trigger_source": "mark"},
        },
    )
    assert answer.status_code == 201, answer.content
    entry, gain, stop = answer.json()["orders"]
    assert [entry["reduce_only"], gain["reduce_only"], stop["reduce_only"]] == [False, True, True]
    assert entry["status"] == "filled" and alice.order(gain)["status"] == "open"
    assert alice.order(stop)["status"] == "pending_trigger"
    assert margin(alice) == "10025"
    bob.buys("1", "52000", symbol=PERP)
    assert position(alice) is None
    assert alice.order(stop)["reason"] == "LINKED_ORDER"
    assert book(PERP) == ([], [])


def test_the_exits_of_a_bracket_on_spot_are_as_they_were(alice, bob):
    bob.sells("1", "50000")
    answer = alice.post(
        "orders/bracket",
        {
            "symbol": "BTC-USDT",
            "entry": {"type": "limit", "side": "buy", "quantity": "1", "price": "50000"},
            "take_profit": {"type": "limit", "price": "52000"},
        },
    )
    assert [each["reduce_only"] for each in answer.json()["orders"]] == [False, False]


def test_a_bracket_whose_exits_would_hide_is_refused(alice):
    entry = {"type": "limit", "side": "buy", "quantity": "1", "price": "50000"}
    hidden = {"type": "limit", "price": "52000", "display_quantity": "0.1"}
    answer = alice.post("orders/bracket", {"symbol": PERP, "entry": entry, "take_profit": hidden})
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert list(answer.json()["details"]) == ["take_profit"]


def test_a_pair_gets_out_at_one_price_or_the_other(alice, bob):
    opens(alice, bob, "1", "50000")
    legs = {
        "take_profit": {"type": "limit", "price": "52000", "reduce_only": True},
        "stop_loss": {"type": "stop_market", "trigger_price": "48000", "reduce_only": True},
    }
    answer = alice.post("orders/oco", {"symbol": PERP, "side": "sell", "quantity": "1", **legs})
    assert answer.status_code == 201, answer.content
    gain, stop = answer.json()["orders"]
    bob.buys("1", "52000", symbol=PERP)
    assert (position(alice), alice.order(stop)["reason"]) == (None, "LINKED_ORDER")
    assert alice.order(gain)["status"] == "filled"
    answer = alice.post("orders/oco", {"symbol": "BTC-USDT", "side": "sell", "quantity": "1", **legs})
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert set(answer.json()["details"]) == {"take_profit", "stop_loss"}


def test_a_stop_that_fires_without_margin_ends(bob, carol, markets):
    poor = Desk(person("poor", funds={"USDT": Decimal(5_000)}))
    stop = poor.post(
        "orders",
        {"symbol": PERP, "side": "buy", "type": "stop_market", "quantity": "1", "trigger_price": "51000"},
    ).json()
    assert stop["status"] == "pending_trigger" and margin(poor) == "0"
    bob.sells("2", "51000", symbol=PERP)
    carol.buys("1", "51000", symbol=PERP)
    assert (poor.order(stop)["status"], poor.order(stop)["reason"]) == ("cancelled", "INSUFFICIENT_MARGIN")
    assert position(poor) is None
