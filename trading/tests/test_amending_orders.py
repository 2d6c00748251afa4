"""Amending orders on the real database."""

from decimal import Decimal

import pytest

from trading import services
from trading.models import Order, OrderEvent
from trading.tests.desk import TradingDesk
from trading.tests.laws import broken_laws
from trading.tests.pit import ladder

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    desk = TradingDesk()
    yield desk
    assert broken_laws() == []


@pytest.fixture
def queue(desk):
    """Alice before Bob at one price."""
    first = desk.buys("alice", "0.5", at="60000")
    desk.buys("bob", "0.5", at="60000")
    return first


def test_a_smaller_quantity_keeps_the_place_and_gives_back_what_it_held(desk, queue):
    amended = desk.amends("alice", queue, quantity="0.2")
    assert (amended.quantity, amended.status) == (Decimal("0.2"), "open")
    assert desk.book() == ladder("buy 60000 | alice 0.2, bob 0.5")
    assert desk.balance("alice", "USDT") == ("88000", "12000")


def test_a_larger_quantity_loses_the_place_and_holds_more(desk, queue):
    desk.amends("alice", queue, quantity="0.6")
    assert desk.book() == ladder("buy 60000 | bob 0.5, alice 0.6")
    assert desk.balance("alice", "USDT") == ("64000", "36000")


def test_a_new_price_loses_the_place_and_holds_what_it_needs(desk, queue):
    desk.amends("alice", queue, price="59000")
    assert desk.book() == ladder("""
        buy 60000 | bob 0.5
        buy 59000 | alice 0.5
    """)
    assert desk.balance("alice", "USDT") == ("70500", "29500")
    desk.amends("alice", queue, price="60000")
    assert desk.book() == ladder("buy 60000 | bob 0.5, alice 0.5")


def test_an_amend_to_what_it_is_changes_nothing(desk, queue):
    before = desk.everything()
    amended = desk.amends("alice", queue, price="60000", quantity="0.5")
    assert (amended.quantity, amended.status) == (Decimal("0.5"), "open")
    assert desk.everything() == before


def test_an_order_amended_over_the_spread_trades_as_a_taker(desk, queue):
    desk.sells("carol", "0.3", at="61000")
    amended = desk.amends("alice", queue, price="61000")
    assert (amended.status, amended.filled_quantity) == ("partially_filled", Decimal("0.3"))
    assert amended.filled_cost == 18300
    assert desk.balance("alice", "USDT") == ("69500", "12200")
    assert desk.balance("alice", "BTC") == ("1.2994", "0")  # 0.2%, the taker's fee
    assert desk.balance("carol", "USDT") == ("118281.7", "0")


def test_the_filled_part_counts_and_the_rest_can_be_amended(desk, queue):
    desk.sells("carol", "0.3")
    for too_small in ("0.3", "0.1"):
        assert desk.amends("alice", queue, quantity=too_small) == "AMEND_INVALID"
    amended = desk.amends("alice", queue, quantity="0.4")
    assert (amended.quantity, amended.filled_quantity) == (Decimal("0.4"), Decimal("0.3"))
    amended = desk.amends("alice", queue, price="59000", quantity="0.7")
    assert (amended.status, amended.quantity) == ("partially_filled", Decimal("0.7"))
    assert desk.balance("alice", "USDT") == ("58400", "23600")


REFUSALS = [
    ({"quantity": "9"}, "INSUFFICIENT_FUNDS"),
    ({"price": "60000.001"}, "INVALID_PRICE"),
    ({"price": "0"}, "INVALID_PRICE"),
    ({"price": "NaN"}, "INVALID_PRICE"),
    ({"quantity": "0.000001"}, "INVALID_QUANTITY"),
    ({"quantity": "-1"}, "INVALID_QUANTITY"),
    ({"quantity": "0.00001"}, "MIN_NOTIONAL"),
    ({"quantity": "1000000000"}, "MAX_NOTIONAL"),
    ({}, "VALIDATION_ERROR"),
]


def test_a_refused_amend_says_why_and_leaves_no_trace(desk, queue):
    before = desk.everything()
    assert [(change, desk.amends("alice", queue, **change)) for change, _ in REFUSALS] == REFUSALS
    assert desk.amends("carol", queue, quantity="0.1") == "ORDER_NOT_FOUND"
    assert desk.everything() == before


def test_a_post_only_order_is_not_amended_into_taking(desk):
    desk.sells("carol", "0.3", at="61000")
    bid = desk.buys("alice", "0.5", at="60000", post_only=True)
    before = desk.everything()
    assert desk.amends("alice", bid, price="61000") == "POST_ONLY_WOULD_TAKE"
    assert desk.everything() == before


def test_what_is_done_cannot_be_amended(desk, queue):
    desk.sells("carol", "0.5")
    assert desk.amends("alice", queue, quantity="0.6") == "ORDER_NOT_OPEN"


def test_an_amend_may_use_what_the_order_itself_holds(desk):
    bid = desk.buys("alice", "1", at="100000")
    assert desk.balance("alice", "USDT") == ("0", "100000")
    assert desk.amends("alice", bid, price="50000", quantity="2").status == "open"
    assert desk.amends("alice", bid, price="50000.01") == "INSUFFICIENT_FUNDS"
    assert desk.balance("alice", "USDT") == ("0", "100000")


def test_an_order_amended_into_its_owners_own_gives_way_and_holds_nothing(desk, queue):
    desk.sells("alice", "0.3", at="61000")
    amended = desk.amends("alice", queue, price="61000")
    assert (amended.status, amended.reason) == ("cancelled", "SELF_TRADE_PREVENTED")
    assert desk.balance("alice", "USDT") == ("100000", "0")


def test_an_order_made_smaller_by_self_trade_prevention_can_be_amended(desk):
    ask = desk.sells("alice", "0.5", at="61000")
    desk.buys("alice", "0.2", at="61000", self_trade_prevention="decrement")
    assert desk.amends("alice", ask, quantity="0.2") == "AMEND_INVALID"
    amended = desk.amends("alice", ask, quantity="0.6")
    assert (amended.quantity, amended.cancelled_quantity) == (Decimal("0.6"), Decimal("0.2"))
    assert desk.balance("alice", "BTC") == ("0.6", "0.4")


def test_an_order_placed_and_amended_in_one_batch_is_written_as_it_ends(desk):
    alice = desk.accounts["alice"]
    [placed] = services.submit(
        "BTC-USDT",
        [services.PlaceRequest(alice, services.NewOrder("buy", "limit", Decimal(1), Decimal(50000)))],
    )
    first = Order.objects.get(pk=placed.order.id)
    services.submit(
        "BTC-USDT",
        [
            services.AmendRequest(alice, first.id, None, Decimal("0.8")),
            services.AmendRequest(alice, first.id, Decimal(49000), None),
            services.AmendRequest(alice, first.id, None, Decimal("0.5")),
        ],
    )
    last = Order.objects.get(pk=first.id)
    assert (last.quantity, last.price, last.cancelled_quantity) == (Decimal("0.5"), 49000, 0)
    assert last.priority == OrderEvent.objects.get(kind="M").sequence
    assert desk.balance("alice", "USDT") == ("75500", "24500")
