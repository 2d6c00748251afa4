"""What a market's own rules allow: how many orders, how large, how far from the price."""

import pytest

from market.models import Market
from trading.models import Order
from trading.tests.api.desk import book, outside_price, refusal, trade

pytestmark = pytest.mark.usefixtures("audited")

STOP = {"type": "stop_market", "trigger_price": "20000"}
PAIR = {
    "symbol": "BTC-USDT", "side": "sell", "quantity": "0.1", "take_profit": {"type": "limit", "price": "40000"},
    "stop_loss": STOP,
}  # fmt: skip
BRACKET = {
    "symbol": "BTC-USDT", "entry": {"side": "buy", "type": "limit", "quantity": "0.1", "price": "25000"},
    "stop_loss": STOP,
}  # fmt: skip


@pytest.fixture
def rule(markets):
    """Sets rules of BTC-USDT, as an operator does."""
    return lambda **rules: Market.objects.filter(symbol="BTC-USDT").update(**rules)


# ---- how many ----


def test_an_account_has_so_many_live_orders_at_most(alice, bob, rule):
    rule(maximum_open_orders=3)
    alice.buys("0.1", "20000")
    alice.sells("0.1", **STOP)
    last = alice.buys("0.1", "21000")
    answer = alice.place("buy", "0.1", "22000")
    assert refusal(answer) == (422, "TOO_MANY_OPEN_ORDERS")
    assert answer.json()["details"] == {"maximum_open_orders": 3}
    assert bob.buys("0.1", "22000")["status"] == "open"
    assert alice.buys("1", "2000", symbol="ETH-USDT")["status"] == "open"
    at_once = alice.place("buy", "0.1", "22000", time_in_force="ioc")
    assert at_once.json()["reason"] == "IOC_REMAINDER", "what cannot stay is taken all the same"
    alice.delete(f"orders/{last['id']}")
    assert alice.buys("0.1", "22000")["status"] == "open"


@pytest.mark.parametrize(("address", "body"), [("orders/oco", PAIR), ("orders/bracket", BRACKET)])
def test_linked_orders_count_one_by_one(alice, rule, address, body):
    rule(maximum_open_orders=3)
    alice.buys("0.1", "20000")
    alice.buys("0.1", "20001")
    answer = alice.post(address, body)
    assert refusal(answer) == (422, "TOO_MANY_OPEN_ORDERS")
    assert answer.json()["details"]["leg"] == "stop_loss"
    assert Order.objects.count() == 2
    alice.delete("orders")
    alice.buys("0.1", "20000")
    assert alice.post(address, body).status_code == 201


def test_a_batch_is_cut_where_the_limit_is_reached(alice, rule):
    rule(maximum_open_orders=2)
    order = {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "quantity": "0.1", "price": "20000"}
    results = alice.post("orders/batch", [order] * 4).json()["results"]
    assert ["order" in row for row in results] == [True, True, False, False]


# ---- how large ----


def test_the_largest_and_the_smallest_notional(alice, rule):
    rule(minimum_notional="10", maximum_notional="3000")
    assert alice.buys("0.1", "30000")["status"] == "open"
    assert alice.buys("0.0005", "20000")["status"] == "open"
    for terms, code, details in (
        ({"quantity": "0.10001", "price": "30000"}, "MAX_NOTIONAL", {"maximum_notional": "3000"}),
        ({"quantity": "0.00049", "price": "20000"}, "MIN_NOTIONAL", {"minimum_notional": "10"}),
        ({"quantity": "0.15001", **STOP}, "MAX_NOTIONAL", {"maximum_notional": "3000"}),
        ({"quantity": "0.00049", **STOP}, "MIN_NOTIONAL", {"minimum_notional": "10"}),
        ({"quote_quantity": "3000.01"}, "MAX_NOTIONAL", {"maximum_notional": "3000"}),
        ({"quote_quantity": "9.99"}, "MIN_NOTIONAL", {"minimum_notional": "10"}),
    ):
        answer = alice.place("buy" if "quote_quantity" in terms or "price" in terms else "sell", **terms)
        assert refusal(answer) == (422, code)
        assert answer.json()["details"] == details


# ---- how far ----


def test_a_price_lies_within_the_band_around_the_last_trade(alice, bob, carol, rule):
    rule(price_band="0.1")
    assert alice.buys("0.01", "90000")["status"] == "open"  # no price yet that it could be far from
    alice.delete("orders")
    trade(bob, carol, "30000")
    assert alice.buys("0.01", "33000")["status"] == "open"
    answer = alice.place("buy", "0.01", "33000.01")
    assert refusal(answer) == (422, "PRICE_OUT_OF_BAND")
    assert answer.json()["details"] == {"highest_buy": "33000"}
    answer = bob.place("sell", "0.01", "26999.99")
    assert refusal(answer) == (422, "PRICE_OUT_OF_BAND")
    assert answer.json()["details"] == {"lowest_sell": "27000"}
    # Nobody is hurt by a low bid or a high offer.
    assert alice.buys("0.01", "1000")["status"] == "open"
    assert bob.sells("0.01", "90000")["status"] == "open"


def test_without_a_trade_the_band_is_around_the_price_from_outside(alice, rule):
    rule(price_band="0.1")
    outside_price("20000")
    assert refusal(alice.place("buy", "0.01", "22000.01")) == (422, "PRICE_OUT_OF_BAND")
    assert alice.buys("0.01", "22000")["status"] == "open"


def test_an_amendment_stays_within_the_band(alice, bob, carol, rule):
    trade(bob, carol, "30000")
    rule(price_band="0.1")
    order = alice.buys("0.01", "29000")
    assert refusal(alice.patch(f"orders/{order['id']}", {"price": "33000.01"})) == (422, "PRICE_OUT_OF_BAND")
    assert alice.patch(f"orders/{order['id']}", {"price": "33000"}).status_code == 200


# ---- how far a market order may trade ----


def test_a_market_order_stops_at_its_protection_and_says_so(alice, bob, carol):
    trade(bob, carol, "30000")
    bob.sells("0.1", "32999.99")
    bob.sells("0.1", "33000")
    bob.sells("0.1", "33000.01")
    order = alice.buys("0.3")
    assert (order["status"], order["filled_quantity"], order["reason"]) == (
        "cancelled",
        "0.2",
        "PRICE_PROTECTION",
    )
    assert book()[1] == [("33000.01", "0.1")]


def test_a_seller_is_protected_too_and_a_buy_by_cost(alice, bob, carol, rule):
    rule(market_protection="0.01")
    trade(bob, carol, "30000")
    carol.buys("0.1", "29700")
    carol.buys("0.1", "29699.99")
    sold = alice.sells("0.2")
    assert (sold["filled_quantity"], sold["reason"]) == ("0.1", "PRICE_PROTECTION")
    bob.sells("0.1", "29997")  # one per cent of the new last price, 29700
    bob.sells("0.1", "29997.01")
    bought = alice.buys(quote_quantity="5000")
    assert (bought["filled_quantity"], bought["filled_cost"], bought["reason"]) == (
        "0.1",
        "2999.7",
        "PRICE_PROTECTION",
    )


def test_where_nothing_has_traded_it_is_counted_from_the_best_offer(alice, bob):
    bob.sells("0.1", "30000")
    bob.sells("0.1", "33000.01")
    assert alice.buys("0.2")["reason"] == "PRICE_PROTECTION"
