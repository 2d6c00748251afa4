"""Which orders a market takes, as a table: BTC-USDT with tick 0.01, lot 0.001, minimum notional 5."""

from dataclasses import replace
from decimal import Decimal

import pytest

from common.errors import ErrorCode
from trading.matching.book import Book
from trading.matching.commands import Amend, Place
from trading.matching.decide import Refusal
from trading.matching.level import BookOrder
from trading.rules import MAX_STEPS, MarketRules, NewOrder, to_amend, to_place

RULES = MarketRules(Decimal("0.01"), Decimal("0.001"), Decimal(5))
ALICE, BOB = 1, 2


def order(side="buy", type="limit", quantity="0.5", price="100", cost=None, tif="gtc", post_only=False):
    decimals = (None if text is None else Decimal(text) for text in (quantity, price, cost))
    return NewOrder(side, type, *decimals, tif, post_only)


def market(side="buy", quantity="0.5", cost=None, **terms):
    return order(side, "market", quantity, None, cost, **terms)


@pytest.fixture
def book():
    """Bob bids for 2 at 90 and asks for 2 at 110."""
    book = Book()
    book.add(BookOrder(1, BOB, "buy", 9_000, 2_000, 2_000, False, "cancel_newest"))
    book.add(BookOrder(2, BOB, "sell", 11_000, 2_000, 2_000, False, "cancel_newest"))
    return book


GOOD = [
    # order, (type, price in ticks, quantity in lots, budget in ticks x lots, time in force)
    (order(), ("limit", 10_000, 500, None, "gtc")),
    (order("sell", tif="ioc"), ("limit", 10_000, 500, None, "ioc")),
    (order(tif="fok"), ("limit", 10_000, 500, None, "fok")),
    (order(post_only=True), ("limit", 10_000, 500, None, "gtc")),
    (order(price="100.00000", quantity="0.500000"), ("limit", 10_000, 500, None, "gtc")),
    (order(price="5", quantity="1"), ("limit", 500, 1_000, None, "gtc")),
    (order(price="0.01", quantity="500"), ("limit", 1, 500_000, None, "gtc")),
    (order(price="1000000000000", quantity="1"), ("limit", 10**14, 1_000, None, "gtc")),
    (market(), ("market", None, 500, None, "ioc")),
    (market("sell", tif="ioc"), ("market", None, 500, None, "ioc")),
    (market(tif="fok"), ("market", None, 500, None, "fok")),
    (market(quantity=None, cost="5"), ("market", None, None, 500_000, "ioc")),
    (market(quantity=None, cost="5.000019"), ("market", None, None, 500_001, "ioc")),
]


@pytest.mark.parametrize(("new", "place"), GOOD)
def test_good_orders_in_ticks_and_lots(book, new, place):
    taken = to_place(RULES, new, 7, ALICE, book)
    assert isinstance(taken, Place), taken
    assert (taken.order_id, taken.account_id, taken.side) == (7, ALICE, new.side)
    assert (taken.type, taken.price, taken.quantity, taken.budget, taken.time_in_force) == place
    assert (taken.post_only, taken.self_trade_prevention) == (new.post_only, "cancel_newest")


BAD = [
    (order(price="100.001"), ErrorCode.INVALID_PRICE, "tick"),
    (order(price="0.009"), ErrorCode.INVALID_PRICE, "tick"),
    (order(price="0"), ErrorCode.INVALID_PRICE, "tick"),
    (order(price="-100"), ErrorCode.INVALID_PRICE, "tick"),
    (order(price=str((MAX_STEPS + 1) * RULES.tick)), ErrorCode.INVALID_PRICE, "tick"),
    (order(quantity="0.0005"), ErrorCode.INVALID_QUANTITY, "lot"),
    (order(quantity="0"), ErrorCode.INVALID_QUANTITY, "lot"),
    (order(quantity="-1"), ErrorCode.INVALID_QUANTITY, "lot"),
    (order(quantity=str((MAX_STEPS + 1) * RULES.lot)), ErrorCode.INVALID_QUANTITY, "lot"),
    (order(quantity="0.000000000000000001"), ErrorCode.INVALID_QUANTITY, "lot"),
    (order(price="4.99", quantity="1"), ErrorCode.MIN_NOTIONAL, "minimum_notional"),
    (order(price="0.01", quantity="0.001"), ErrorCode.MIN_NOTIONAL, "minimum_notional"),
    (order(price="1000000000000", quantity="1.001"), ErrorCode.MAX_NOTIONAL, "maximum_notional"),
    (order(price=None), ErrorCode.VALIDATION_ERROR, "price"),
    (order(quantity=None), ErrorCode.VALIDATION_ERROR, "quantity"),
    (order(cost="50"), ErrorCode.VALIDATION_ERROR, "quote_quantity"),
    (order(quantity=None, cost="50"), ErrorCode.VALIDATION_ERROR, "quote_quantity"),
    (order(tif="ioc", post_only=True), ErrorCode.VALIDATION_ERROR, "post_only"),
    (order(tif="fok", post_only=True), ErrorCode.VALIDATION_ERROR, "post_only"),
    (market(post_only=True), ErrorCode.VALIDATION_ERROR, "post_only"),
    (order(type="market"), ErrorCode.VALIDATION_ERROR, "price"),
    (market(quantity=None), ErrorCode.VALIDATION_ERROR, "quantity"),
    (market(cost="50"), ErrorCode.VALIDATION_ERROR, "quantity"),
    (market("sell", None, "50"), ErrorCode.VALIDATION_ERROR, "quote_quantity"),
    (market(quantity="0.0005"), ErrorCode.INVALID_QUANTITY, "lot"),
    (market(quantity=None, cost="4.999999"), ErrorCode.MIN_NOTIONAL, "minimum_notional"),
    (market(quantity=None, cost="0"), ErrorCode.MIN_NOTIONAL, "minimum_notional"),
    (market(quantity=None, cost="-50"), ErrorCode.MIN_NOTIONAL, "minimum_notional"),
    (market(quantity=None, cost="1000000000000.00001"), ErrorCode.MAX_NOTIONAL, "maximum_notional"),
    (market(quantity="0.045"), ErrorCode.MIN_NOTIONAL, "minimum_notional"),
    (market("sell", quantity="0.055"), ErrorCode.MIN_NOTIONAL, "minimum_notional"),
]


@pytest.mark.parametrize(("new", "code", "detail"), BAD)
def test_bad_orders_are_refused_with_the_reason(book, new, code, detail):
    refusal = to_place(RULES, new, 7, ALICE, book)
    assert isinstance(refusal, Refusal), refusal
    assert refusal.code is code
    assert detail in refusal.details


def test_every_field_that_is_wrong_is_named(book):
    refusal = to_place(
        RULES, order(price=None, quantity=None, cost="5", tif="ioc", post_only=True), 7, ALICE, book
    )
    assert set(refusal.details) == {"price", "quantity", "quote_quantity", "post_only"}


def test_a_market_order_is_measured_at_the_other_sides_best_price(book):
    """0.05 x 110 is 5.5, 0.05 x 90 is 4.5; the least is 5."""
    assert isinstance(to_place(RULES, market("buy", "0.05"), 7, ALICE, book), Place)
    assert to_place(RULES, market("sell", "0.05"), 7, ALICE, book).code is ErrorCode.MIN_NOTIONAL


def test_into_an_empty_book_a_market_order_cannot_be_measured():
    assert isinstance(to_place(RULES, market("buy", "0.001"), 7, ALICE, Book()), Place)


def test_refusals_state_the_steps_in_plain_notation(book):
    assert to_place(RULES, order(price="0.001"), 7, ALICE, book).details == {"tick": "0.01"}
    whole = MarketRules(Decimal("100"), Decimal("10"), Decimal(0))
    assert to_place(whole, order(price="150"), 7, ALICE, book).details == {"tick": "100"}


# ---- how many, and how far from the price ----


def test_an_account_has_at_most_so_many_live_orders(book):
    """Bob has two. Others of the same request count before they are there; those of others do not."""
    two, three = (replace(RULES, maximum_open_orders=most) for most in (2, 3))
    assert to_place(two, order(), 7, BOB, book).code is ErrorCode.TOO_MANY_OPEN_ORDERS
    assert isinstance(to_place(three, order(), 7, BOB, book), Place)
    assert to_place(three, order(), 7, BOB, book, beside=1).code is ErrorCode.TOO_MANY_OPEN_ORDERS
    assert isinstance(to_place(two, order(), 7, ALICE, book), Place)


BAND = replace(RULES, band=100_000)  # a tenth around the last price, here 100


@pytest.mark.parametrize(("side", "price"), [("buy", "110"), ("buy", "1"), ("sell", "90"), ("sell", "1000")])
def test_a_price_inside_the_band_is_taken(book, side, price):
    book.prices["last"] = 10_000
    assert isinstance(to_place(BAND, order(side, price=price, quantity="5"), 7, ALICE, book), Place)


@pytest.mark.parametrize(
    ("side", "price", "edge"),
    [("buy", "110.01", {"highest_buy": "110"}), ("sell", "89.99", {"lowest_sell": "90"})],
)
def test_a_price_beyond_the_band_is_refused_and_the_edge_told(book, side, price, edge):
    book.prices["last"] = 10_000
    refusal = to_place(BAND, order(side, price=price), 7, ALICE, book)
    assert (refusal.code, refusal.details) == (ErrorCode.PRICE_OUT_OF_BAND, edge)


def test_an_amend_may_not_leave_the_band_either(book):
    book.prices["last"] = 10_000
    assert to_amend(BAND, 1, BOB, Decimal("110.01"), None, book).code is ErrorCode.PRICE_OUT_OF_BAND
    assert isinstance(to_amend(BAND, 1, BOB, Decimal("110"), None, book), Amend)


# ---- amends: of Bob's order 1, 2 at 90 ----

AMENDS = [
    # price, quantity, ticks and lots
    ("95", None, (9_500, None)),
    (None, "1", (None, 1_000)),
    ("95.5", "3", (9_550, 3_000)),
    ("2.5", None, (250, None)),
]


@pytest.mark.parametrize(("price", "quantity", "steps"), AMENDS)
def test_good_amends(book, price, quantity, steps):
    change = to_amend(RULES, 1, BOB, price and Decimal(price), quantity and Decimal(quantity), book)
    assert change == Amend(1, BOB, *steps)


BAD_AMENDS = [
    ("95.001", None, ErrorCode.INVALID_PRICE),
    ("0", None, ErrorCode.INVALID_PRICE),
    ("-1", None, ErrorCode.INVALID_PRICE),
    (None, "0.0001", ErrorCode.INVALID_QUANTITY),
    (None, "0", ErrorCode.INVALID_QUANTITY),
    (None, "0.055", ErrorCode.MIN_NOTIONAL),
    ("2.49", None, ErrorCode.MIN_NOTIONAL),
    ("1000000000000", "2", ErrorCode.MAX_NOTIONAL),
]


@pytest.mark.parametrize(("price", "quantity", "code"), BAD_AMENDS)
def test_bad_amends_are_refused(book, price, quantity, code):
    refusal = to_amend(RULES, 1, BOB, price and Decimal(price), quantity and Decimal(quantity), book)
    assert refusal.code is code


def test_an_amend_of_an_order_that_is_gone_is_left_to_the_book(book):
    assert to_amend(RULES, 42, BOB, Decimal(95), None, book) == Amend(42, BOB, 9_500, None)


def test_notional_is_exact():
    assert RULES.notional(1, 1) == Decimal("0.00001")
    assert RULES.notional(MAX_STEPS, MAX_STEPS) == Decimal("1e25")
    assert RULES.notional(MAX_STEPS - 1, MAX_STEPS - 1) == Decimal("9999999999999980000000000.00001")
