"""POST /api/v1/trades/: a side, a size, perhaps a price; GET /api/v1/trades/{id}."""

from decimal import Decimal

import pytest

from risk.models import Position
from trading.models import Order, Trade
from trading.tests.api.desk import Desk, book, key_desk, outside_price, refusal

D = Decimal
PERP = "BTC-PERP"


@pytest.fixture(autouse=True)
def priced(markets):
    outside_price("50000", symbol=PERP)


def trades(desk, side="long", size="0.1", price=None, symbol=PERP, **more):
    body = {"symbol": symbol, "side": side, "size": size, **more}
    return desk.post("trades/", body if price is None else body | {"price": price})


def traded(*arguments, **more):
    answer = trades(*arguments, **more)
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_without_a_price_it_takes_from_the_book(alice, bob):
    bob.sells("0.06", "50000", symbol=PERP)
    bob.sells("0.1", "50010", symbol=PERP)
    order = traded(alice)
    assert (order["type"], order["side"], order["status"]) == ("market", "buy", "filled")
    assert order["trade"] == {
        "ids": [fill["id"] for fill in order["fills"]], "size": "0.1", "price": "50004", "notional": "5000.4",
        "fee": "2.5002", "fee_asset": "USDT",
    }  # fmt: skip
    assert len(order["fills"]) == 2
    assert book(PERP) == ([], [("50010", "0.06")])


def test_it_opens_a_position_on_both_sides(alice, bob):
    bob.sells("0.1", "50000", symbol=PERP)
    traded(alice)
    rows = Position.objects.values_list("account_id", "size", "cost")
    assert set(rows) == {(alice.account_id, D("0.1"), D(5000)), (bob.account_id, D("-0.1"), D(-5000))}


def test_in_a_perpetual_both_pay_their_fee_in_the_quote_asset(alice, bob):
    bob.sells("0.1", "50000", symbol=PERP)
    traded(alice)
    for desk, fee in ((alice, "2.5"), (bob, "1")):
        [fill] = desk.get("fills").json()["results"]
        assert (fill["fee"], fill["fee_asset"]) == (fee, "USDT")


def test_with_a_price_it_rests_where_nobody_sells(alice):
    order = traded(alice, price="49000")
    assert (order["type"], order["price"], order["status"]) == ("limit", "49000", "open")
    assert order["trade"] == {
        "ids": [], "size": "0", "price": None, "notional": "0", "fee": "0", "fee_asset": None
    }  # fmt: skip
    assert alice.order(order)["status"] == "open"
    assert book(PERP)[0] == [("49000", "0.1")]


def test_never_a_fill_at_the_price_that_the_client_made_up(alice, bob):
    bob.sells("0.1", "50000", symbol=PERP)
    assert traded(alice, price="50500")["trade"]["price"] == "50000"
    assert not traded(alice, price="50500")["trade"]["ids"]
    assert Trade.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "side"), [("long", "buy"), ("buy", "buy"), ("short", "sell"), ("sell", "sell")]
)
def test_long_is_buy_and_short_is_sell(alice, said, side):
    assert traded(alice, said, price="50000")["side"] == side


def test_a_client_order_id_takes_effect_once(alice):
    first = traded(alice, price="49000", client_order_id="mine")
    again = trades(alice, price="49000", client_order_id="mine")
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    assert Order.objects.count() == 1


def leverage(desk):
    return Position.objects.get(account_id=desk.account_id).leverage


def test_a_leverage_is_set_first_and_kept(alice):
    traded(alice, price="49000", leverage=2)
    assert leverage(alice) == 2
    assert alice.balance("USDT")[1] == "2454.9"  # half of 4,900, and two fees of 2.45
    traded(alice, price="49000")
    assert leverage(alice) == 2


def test_a_beginner_has_five_and_is_refused_six(alice):
    answer = trades(alice, price="49000", leverage=6)
    assert refusal(answer) == (422, "LEVERAGE_TOO_HIGH")
    assert answer.json()["details"]["maximum_leverage"] == 5
    assert not Order.objects.exists()
    assert traded(alice, price="49000", leverage=5)["status"] == "open"


def test_what_the_simulation_allows_is_what_is_taken(alice):
    for asked in (4, 5, 6, 10):
        terms = {"symbol": PERP, "side": "long", "size": "0.1", "price": "49000", "leverage": asked}
        said = alice.post("trades/simulate-margin", terms).json()["engine"]
        answer = alice.post("trades/", terms)
        assert said["allowed"] == (answer.status_code == 201)
        if not said["allowed"]:
            assert said["reason"] == answer.json()["code"]


def test_an_order_that_is_sent_again_leaves_the_leverage_alone(alice):
    terms = {"price": "49000", "leverage": 4, "client_order_id": "mine"}
    traded(alice, **terms)
    traded(alice, price="48000", leverage=2)
    assert trades(alice, **terms).status_code == 200
    assert leverage(alice) == 2


def test_on_spot_one_buys_and_sells(alice, bob):
    bob.sells("1", "30000")
    assert traded(alice, "buy", "0.5", symbol="BTC-USDT")["trade"]["size"] == "0.5"
    for terms in ({"side": "long"}, {"side": "short"}, {"side": "buy", "leverage": 2}):
        answer = trades(alice, symbol="BTC-USDT", **terms)
        assert refusal(answer) == (422, "NOT_A_PERPETUAL")
    assert Order.objects.count() == 2


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"symbol": "XRP-PERP"}, (404, "UNKNOWN_SYMBOL")),
        ({"side": "up"}, (400, "VALIDATION_ERROR")),
        ({"size": "0"}, (400, "VALIDATION_ERROR")),
        ({"size": 1}, (400, "VALIDATION_ERROR")),
        ({"size": "0.0001"}, (422, "INVALID_QUANTITY")),
        ({"price": "50000.05"}, (422, "INVALID_PRICE")),
        ({"price": "-5"}, (400, "VALIDATION_ERROR")),
        ({"leverage": 0}, (400, "VALIDATION_ERROR")),
        ({"leverage": "5"}, (400, "VALIDATION_ERROR")),
        ({"fill_price": "1"}, (400, "VALIDATION_ERROR")),
    ],
)
def test_bad_input_is_refused_and_leaves_no_order(alice, terms, expected):
    assert refusal(trades(alice, **terms)) == expected
    assert not Order.objects.exists()


def test_one_needs_the_right_to_trade(alice, stranger):
    assert refusal(trades(stranger)) == (401, "NOT_AUTHENTICATED")
    assert refusal(trades(key_desk(alice.user, "read"))) == (403, "PERMISSION_DENIED")


def test_anybody_sees_a_trade_by_its_id_and_nobody_its_owners(alice, bob, stranger):
    bob.sells("0.1", "50000", symbol=PERP)
    [trade_id] = traded(alice)["trade"]["ids"]
    shown = stranger.get(f"trades/{trade_id}").json()
    assert shown.pop("time") > 0
    assert shown == {"id": trade_id, "symbol": PERP, "price": "50000", "quantity": "0.1", "side": "buy"}
    # The same row as in the list of the market, whose address looks alike.
    listed = stranger.get(f"trades/{PERP}").json()["results"]
    assert [row["id"] for row in listed] == [trade_id]


@pytest.mark.parametrize("reference", ["0", "9" * 19, "9" * 40])
def test_a_trade_that_is_not_there_is_not_found(markets, reference):
    assert refusal(Desk().get(f"trades/{reference}")) == (404, "NOT_FOUND")
