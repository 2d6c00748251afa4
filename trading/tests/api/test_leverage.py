"""GET, POST /api/v1/leverage · POST positions/{symbol}/margin · positions/{symbol}/close"""

from decimal import Decimal

import pytest

from risk.models import Position
from trading.tests.api.contract_desk import PERP, marks, opens, position, promote
from trading.tests.api.desk import Desk, person, refusal


@pytest.fixture(autouse=True)
def marked(markets):
    marks("50000")
    marks("2500", "ETH-PERP")


def leverage(desk, number, mode=None, symbol=PERP):
    body = {"symbol": symbol, "leverage": number}
    return desk.post("leverage", body | ({"mode": mode} if mode else {}))


# ---- leverage ----


def test_nothing_was_chosen_yet(alice):
    assert refusal(alice.get("leverage", symbol=PERP)) == (404, "NO_POSITION")


def test_choosing_leverage_answers_with_the_position(alice):
    shown = leverage(alice, 3)
    assert shown.status_code == 200
    assert (shown.json()["leverage"], shown.json()["side"], shown.json()["size"]) == (3, None, "0")
    assert alice.get("leverage", symbol=PERP).json() == shown.json()
    assert alice.get("leverage", symbol=PERP).json()["entry_price"] is None
    assert alice.get("positions").json()["results"] == []


@pytest.mark.parametrize(("tier", "most"), [("beginner", 5), ("intermediate", 10), ("advanced", 20)])
def test_a_tier_has_its_most(alice, tier, most):
    promote(alice, tier)
    assert leverage(alice, most).status_code == 200
    answer = leverage(alice, most + 1)
    assert refusal(answer) == (422, "LEVERAGE_TOO_HIGH")
    assert answer.json()["message"] == f"Your tier allows at most {most}x."
    details = answer.json()["details"]
    assert (details["maximum_leverage"], details["limited_by"]) == (most, "tier")
    assert alice.get("leverage", symbol=PERP).json()["leverage"] == most


def test_a_large_position_may_have_less(alice, bob):
    promote(alice, "advanced")
    opens(alice, bob, "6", "50000")
    answer = leverage(alice, 11)
    assert refusal(answer) == (422, "LEVERAGE_TOO_HIGH")
    assert answer.json()["details"]["limited_by"] == "bracket"
    assert "at most 10x" in answer.json()["message"]
    assert leverage(alice, 10).status_code == 200


def test_more_leverage_frees_margin_and_less_takes_it(alice, bob):
    promote(alice, "advanced")
    opens(alice, bob, "1", "50000")
    assert leverage(alice, 20).json()["requirement"] == "2525"
    assert leverage(alice, 1).json()["requirement"] == "50025"
    assert alice.get("account").json()["margin"] == "50025"


def test_less_leverage_must_be_covered(bob, markets):
    poor = Desk(person("poor", funds={"USDT": Decimal(11_000)}))
    opens(poor, bob, "1", "50000")
    before = position(poor)
    assert refusal(leverage(poor, 4)) == (422, "INSUFFICIENT_MARGIN")
    assert position(poor) == before


def test_the_mode_changes_only_while_nothing_is_open(alice, bob):
    assert leverage(alice, 5, "isolated").json()["mode"] == "isolated"
    opens(alice, bob, "1", "50000")
    assert refusal(leverage(alice, 5, "cross")) == (409, "POSITION_OPEN")
    assert leverage(alice, 4).json()["mode"] == "isolated"


@pytest.mark.parametrize("wrong", [0, -1, 1.0, "5", True, None, 1001, 10**40, [], {}])
def test_leverage_is_a_whole_number(alice, wrong):
    assert refusal(alice.post("leverage", {"symbol": PERP, "leverage": wrong})) == (400, "VALIDATION_ERROR")
    assert not Position.objects.exists()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"leverage": 2}, (400, "VALIDATION_ERROR")),
        ({"symbol": PERP}, (400, "VALIDATION_ERROR")),
        ({"symbol": PERP, "leverage": 2, "mode": "both"}, (400, "VALIDATION_ERROR")),
        ({"symbol": PERP, "leverage": 2, "account_id": 1}, (400, "VALIDATION_ERROR")),
        ({"symbol": "BTC-USDT", "leverage": 2}, (422, "NOT_A_PERPETUAL")),
        ({"symbol": "NO-SUCH", "leverage": 2}, (404, "UNKNOWN_SYMBOL")),
        ([], (400, "VALIDATION_ERROR")),
    ],
)
def test_what_cannot_be_meant(alice, body, said):
    assert refusal(alice.post("leverage", body)) == said


def test_leverage_is_read_of_one_perpetual(alice):
    assert refusal(alice.get("leverage")) == (400, "VALIDATION_ERROR")
    assert refusal(alice.get("leverage", symbol="BTC-USDT")) == (422, "NOT_A_PERPETUAL")
    assert refusal(alice.get("leverage", symbol="NO-SUCH")) == (404, "UNKNOWN_SYMBOL")


# ---- margin of an isolated position ----


def move(desk, amount, direction, symbol=PERP):
    return desk.post(f"positions/{symbol}/margin", {"amount": amount, "direction": direction})


def test_margin_moves_to_an_isolated_position_and_back(alice, bob):
    leverage(alice, 5, "isolated")
    opens(alice, bob, "1", "50000")
    first = position(alice)
    added = move(alice, "1000", "add").json()
    assert added["isolated_margin"] == "11025"
    assert Decimal(added["liquidation_price"]) < Decimal(first["liquidation_price"])
    assert move(alice, "1000", "remove").json() == first


def test_a_cross_position_has_no_margin_of_its_own(alice, bob):
    assert refusal(move(alice, "10", "add")) == (404, "NO_POSITION")
    opens(alice, bob, "1", "50000")
    assert refusal(move(alice, "10", "add")) == (404, "NO_POSITION")


def test_no_more_is_added_than_there_is_nor_taken_than_is_needed(alice, bob):
    leverage(alice, 5, "isolated")
    opens(alice, bob, "1", "50000")
    before = position(alice)
    assert refusal(move(alice, "10000000", "add")) == (422, "INSUFFICIENT_MARGIN")
    assert refusal(move(alice, "20000", "remove")) == (422, "INSUFFICIENT_MARGIN")
    assert position(alice) == before


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "1e5", "0.000000001", 10, None])
def test_what_is_no_amount(alice, bob, amount):
    leverage(alice, 5, "isolated")
    opens(alice, bob, "1", "50000")
    assert refusal(move(alice, amount, "add")) == (400, "VALIDATION_ERROR")


def test_where_margin_cannot_be_moved(alice):
    assert refusal(move(alice, "1", "sideways")) == (400, "VALIDATION_ERROR")
    assert refusal(move(alice, "1", "add", "BTC-USDT")) == (422, "NOT_A_PERPETUAL")
    assert refusal(move(alice, "1", "add", "NO-SUCH")) == (404, "UNKNOWN_SYMBOL")


# ---- closing ----


def test_a_position_is_closed_at_the_market(alice, bob, carol):
    opens(alice, bob, "1", "50000")
    carol.buys("3", "49990", symbol=PERP)
    answer = alice.post(f"positions/{PERP}/close", {"client_order_id": "out"})
    assert answer.status_code == 201
    order = answer.json()
    assert (order["side"], order["reduce_only"], order["status"], order["filled_quantity"]) == (
        "sell", True, "filled", "1",
    )  # fmt: skip
    assert position(alice) is None and position(carol)["size"] == "1"


def test_a_short_is_closed_by_buying(alice, bob, carol):
    opens(bob, alice, "1", "50000")
    carol.sells("3", "50010", symbol=PERP)
    assert alice.post(f"positions/{PERP}/close").json()["side"] == "buy"
    assert position(alice) is None


def test_what_the_book_does_not_take_stays_open(alice, bob, carol):
    opens(alice, bob, "1", "50000")
    carol.buys("0.4", "49990", symbol=PERP)
    order = alice.post(f"positions/{PERP}/close").json()
    assert (order["status"], order["filled_quantity"]) == ("cancelled", "0.4")
    assert position(alice)["size"] == "0.6"


def test_closing_with_orders_to_close_in_the_book(alice, bob, carol):
    opens(alice, bob, "1", "50000")
    exit_order = alice.sells("1", "51000", symbol=PERP, reduce_only=True)
    carol.buys("3", "49990", symbol=PERP)
    assert alice.post(f"positions/{PERP}/close").status_code == 201
    assert position(alice) is None
    assert alice.order(exit_order)["reason"] == "REDUCE_ONLY"


def test_there_is_nothing_to_close(alice):
    assert refusal(alice.post(f"positions/{PERP}/close")) == (404, "NO_POSITION")
    assert refusal(alice.post("positions/BTC-USDT/close")) == (422, "NOT_A_PERPETUAL")
    assert refusal(alice.post("positions/NO-SUCH/close")) == (404, "UNKNOWN_SYMBOL")


@pytest.mark.parametrize("body", [{"quantity": "1"}, {"client_order_id": 7}, [], "x"])
def test_closing_takes_no_other_wishes(alice, bob, body):
    opens(alice, bob, "1", "50000")
    assert refusal(alice.post(f"positions/{PERP}/close", body)) == (400, "VALIDATION_ERROR")
    assert position(alice)["size"] == "1"


def test_somebody_without_money_may_choose_too(markets):
    poor = Desk(person("poor", funds={}))
    assert leverage(poor, 2).json()["leverage"] == 2
    assert poor.get("leverage", symbol=PERP).json()["requirement"] == "0"
    assert poor.get("account").json()["wallet"] == "0"
