"""Placing orders on the real database: funds held and moved to the last unit, and refusals without a trace."""

from decimal import Decimal

import pytest

from market.models import Market
from trading import services
from trading.tests.desk import MARKETS, TradingDesk, new_order
from trading.tests.laws import broken_laws
from trading.tests.pit import ladder

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    desk = TradingDesk()
    yield desk
    assert broken_laws() == []


# ---- what is held and what moves ----


def test_an_order_that_rests_holds_exactly_what_it_would_pay(desk):
    placed = desk.buys("alice", "0.5", at="60000")
    assert (placed.order.status, placed.fills, placed.replayed) == ("open", [], False)
    assert desk.balance("alice", "USDT") == ("70000", "30000")
    desk.sells("bob", "0.25", at="61000")
    assert desk.balance("bob", "BTC") == ("0.75", "0.25")
    assert desk.book() == ladder("""
        sell 61000 | bob 0.25
        buy 60000 | alice 0.5
    """)


def test_a_trade_moves_money_at_the_makers_price_and_each_pays_a_fee_from_what_they_receive(desk):
    desk.sells("bob", "0.5", at="60000")
    placed = desk.buys("alice", "0.2", at="60500")
    assert placed.order.status == "filled"
    [fill] = placed.fills
    assert (fill.price, fill.quantity, fill.cost) == (60000, Decimal("0.2"), 12000)
    assert (fill.taker_fee, fill.maker_fee) == (Decimal("0.0004"), 12)  # 0.2% of 0.2 BTC, 0.1% of 12,000 USDT
    assert desk.balance("alice", "USDT") == ("88000", "0")
    assert desk.balance("alice", "BTC") == ("1.1996", "0")
    assert desk.balance("bob", "BTC") == ("0.5", "0.3")
    assert desk.balance("bob", "USDT") == ("111988", "0")
    assert (desk.fees("BTC"), desk.fees("USDT")) == ("0.0004", "12")


def test_what_a_better_price_saves_is_available_again(desk):
    desk.sells("bob", "0.1", at="60000")
    desk.buys("alice", "0.2", at="62000")
    assert desk.balance("alice", "USDT") == ("87800", "6200")  # 6,000 paid, 0.1 at 62,000 still held


def test_a_fee_is_rounded_up_to_the_last_unit(desk):
    desk.sells("bob", "0.00009", at="60000.01")
    desk.buys("alice", "0.00009", at="60000.01")
    # 0.2% of 0.00009 is 0.00000018 BTC; 0.1% of 5.4000009 is 0.0054000009 USDT, which rounds up
    assert desk.balance("alice", "BTC") == ("1.00008982", "0")
    assert desk.balance("alice", "USDT") == ("99994.5999991", "0")
    assert desk.balance("bob", "USDT") == ("100005.39460089", "0")
    assert (desk.fees("BTC"), desk.fees("USDT")) == ("0.00000018", "0.00540001")


def test_all_of_a_balance_can_be_used_and_not_a_unit_more(desk):
    assert desk.sells("bob", "1.00001", at="60000") == "INSUFFICIENT_FUNDS"
    assert desk.sells("bob", "1", at="60000").order.status == "open"
    assert desk.balance("bob", "BTC") == ("0", "1")
    assert desk.sells("bob", "0.00009", at="60000") == "INSUFFICIENT_FUNDS"


def test_a_first_purchase_of_an_asset_makes_its_balance(desk):
    desk.accounts["dave"] = desk.hire("dave", {"USDT": "10000"})
    desk.sells("bob", "0.1", at="60000")
    desk.buys("dave", "0.1")
    assert desk.balance("dave", "BTC") == ("0.0998", "0")


def test_a_market_buy_by_cost_spends_what_whole_lots_cost(desk):
    desk.sells("bob", "0.5", at="60000")
    placed = desk.buys("alice", quote_quantity="1000")
    assert (placed.order.status, placed.order.quantity) == ("filled", Decimal("0.01666"))
    assert placed.order.filled_cost == Decimal("999.6")
    assert desk.balance("alice", "USDT") == ("99000.4", "0")


def test_a_market_sell_on_an_empty_book_ends_and_costs_nothing(desk):
    placed = desk.sells("bob", "0.5")
    assert (placed.order.status, placed.order.reason) == ("cancelled", "NO_LIQUIDITY")
    assert desk.balance("bob", "BTC") == ("1", "0")


@pytest.mark.parametrize("life", ["ioc", "fok"])
def test_what_does_not_rest_holds_nothing(desk, life):
    desk.sells("bob", "0.1", at="60000")
    placed = desk.buys("alice", "0.3", at="60000", time_in_force=life)
    assert placed.order.status == "cancelled"
    assert desk.balance("alice", "USDT")[1] == "0"
    bought = Decimal("0.1") if life == "ioc" else 0
    assert (placed.order.filled_quantity, placed.order.cancelled_quantity) == (
        bought,
        Decimal("0.3") - bought,
    )


@pytest.mark.parametrize("prevention", ["cancel_newest", "cancel_oldest", "cancel_both", "decrement"])
def test_preventing_a_self_trade_releases_what_was_held(desk, prevention):
    desk.sells("alice", "0.5", at="60000")
    desk.buys("alice", "0.3", at="60000", self_trade_prevention=prevention)
    left = {
        "cancel_newest": (("100000", "0"), ("0.5", "0.5")),
        "cancel_oldest": (("82000", "18000"), ("1", "0")),
        "cancel_both": (("100000", "0"), ("1", "0")),
        "decrement": (("100000", "0"), ("0.8", "0.2")),
    }
    assert (desk.balance("alice", "USDT"), desk.balance("alice", "BTC")) == left[prevention]


def test_orders_in_two_markets_share_their_owners_funds(desk):
    desk.buys("alice", "1", at="60000")
    assert desk.buys("alice", "20", at="2000.01", symbol="ETH-USDT") == "INSUFFICIENT_FUNDS"
    assert desk.buys("alice", "20", at="2000", symbol="ETH-USDT").order.status == "open"
    assert desk.balance("alice", "USDT") == ("0", "100000")
    desk.sells("bob", "20", symbol="ETH-USDT")
    desk.sells("bob", "1")
    assert desk.balance("alice", "USDT") == ("0", "0")


def test_several_orders_get_one_result_each_in_their_order(desk):
    results = services.place_orders(
        desk.accounts["alice"],
        [
            ("BTC-USDT", new_order("buy", "0.1", at="60000")),
            ("NO-SUCH", new_order("buy", "0.1", at="60000")),
            ("ETH-USDT", new_order("buy", "1", at="2000")),
            ("BTC-USDT", new_order("buy", "9", at="60000")),
            ("BTC-USDT", new_order("buy", "0.1", at="60000")),
        ],
    )
    shown = [r.code.name if isinstance(r, Exception) else (r.order.symbol, r.order.status) for r in results]
    assert shown == [
        ("BTC-USDT", "open"), "UNKNOWN_SYMBOL", ("ETH-USDT", "open"), "INSUFFICIENT_FUNDS", ("BTC-USDT", "open"),
    ]  # fmt: skip


def test_the_second_order_of_a_batch_sees_what_the_first_one_spent(desk):
    orders = [
        ("BTC-USDT", new_order("buy", "1", at="60000")),
        ("BTC-USDT", new_order("buy", "1", at="40000.01")),
    ]
    first, second = services.place_orders(desk.accounts["alice"], orders)
    assert (first.order.status, second.code.name) == ("open", "INSUFFICIENT_FUNDS")
    assert second.details == {"asset": "USDT", "available": "40000", "required": "40000.01"}


# ---- refusals ----

REFUSALS = [
    ({"quantity": "0.5", "at": "60000.001"}, "INVALID_PRICE"),
    ({"quantity": "0.5", "at": "0"}, "INVALID_PRICE"),
    ({"quantity": "0.5", "at": "-1"}, "INVALID_PRICE"),
    ({"quantity": "0.5", "at": "1e30"}, "INVALID_PRICE"),
    ({"quantity": "0.5", "at": "NaN"}, "INVALID_PRICE"),
    ({"quantity": "0.000001", "at": "60000"}, "INVALID_QUANTITY"),
    ({"quantity": "0", "at": "60000"}, "INVALID_QUANTITY"),
    ({"quantity": "1e20", "at": "60000"}, "INVALID_QUANTITY"),
    ({"quantity": "0.00001", "at": "60000"}, "MIN_NOTIONAL"),
    ({"quantity": "1000000000", "at": "60000"}, "MAX_NOTIONAL"),
    ({"quantity": "1.7", "at": "60000"}, "INSUFFICIENT_FUNDS"),
    ({"quantity": None, "at": "60000"}, "VALIDATION_ERROR"),
    ({"quantity": None}, "VALIDATION_ERROR"),
    ({"quantity": "1", "quote_quantity": "100"}, "VALIDATION_ERROR"),
    ({"quantity": "1", "at": "60000", "quote_quantity": "100"}, "VALIDATION_ERROR"),
    ({"quantity": "1", "post_only": True}, "VALIDATION_ERROR"),
    ({"quantity": "1", "at": "60000", "post_only": True, "time_in_force": "ioc"}, "VALIDATION_ERROR"),
    ({"quote_quantity": "4.99"}, "MIN_NOTIONAL"),
    ({"quote_quantity": "-100"}, "MIN_NOTIONAL"),
    ({"quote_quantity": "120000"}, "INSUFFICIENT_FUNDS"),
    ({"quantity": "0.1", "at": "60001", "post_only": True}, "POST_ONLY_WOULD_TAKE"),
]


def test_a_refused_order_says_why_and_leaves_no_trace(desk):
    desk.sells("bob", "0.5", at="60001")
    desk.sells("bob", "0.5", at="64000")
    desk.sells("carol", "1", at="66000")
    before = desk.everything()
    assert [(order, desk.buys("alice", **order)) for order, _ in REFUSALS] == REFUSALS
    assert desk.everything() == before


def test_a_seller_is_refused_too(desk):
    before = desk.everything()
    assert desk.sells("alice", quote_quantity="100") == "VALIDATION_ERROR"
    assert desk.sells("alice", "0.5", at="60000", symbol="NO-SUCH") == "UNKNOWN_SYMBOL"
    assert desk.sells("alice", "21", at="2000", symbol="ETH-USDT") == "INSUFFICIENT_FUNDS"
    assert desk.everything() == before


def test_somebody_without_any_balance_is_refused(desk):
    desk.accounts["dave"] = desk.hire("dave", {})
    before = desk.everything()
    assert desk.buys("dave", "0.1", at="60000") == "INSUFFICIENT_FUNDS"
    assert desk.everything() == before


@pytest.mark.parametrize("status", ["halted", "cancel_only"])
def test_a_market_that_is_not_open_takes_cancels_only(desk, status):
    bid = desk.buys("alice", "0.1", at="60000")
    services.set_market_status("BTC-USDT", status)
    assert desk.buys("alice", "0.1", at="60000") == "MARKET_NOT_OPEN"
    assert desk.amends("alice", bid, quantity="0.05") == "MARKET_NOT_OPEN"
    assert desk.cancels("alice", bid).status == "cancelled"
    services.set_market_status("BTC-USDT", "open")
    assert desk.buys("alice", "0.1", at="60000").order.status == "open"


def test_a_market_without_a_book_is_unknown(desk):
    Market.objects.create(symbol="BTC-ETH", base_id="BTC", quote_id="ETH", **MARKETS["BTC-USDT"])
    assert desk.buys("alice", "1", at="10", symbol="BTC-ETH") == "UNKNOWN_SYMBOL"


def test_a_market_without_a_minimum_takes_a_single_lot_and_its_fee_is_never_more_than_the_lot(desk):
    Market.objects.filter(symbol="BTC-USDT").update(minimum_notional=0)
    desk.sells("bob", "0.00001", at="0.01")
    desk.buys("alice", "0.00001", at="0.01")
    assert desk.balance("alice", "BTC") == ("1.00000998", "0")  # a fee of 0.2% is two units, rounded up
    assert desk.balance("bob", "USDT") == ("100000.00000009", "0")  # of ten units one is the fee
