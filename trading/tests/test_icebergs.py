"""Icebergs on the real database: what is held, what is shown, and where a new slice stands."""

from decimal import Decimal

import pytest

from trading import selectors
from trading.matching_service import pipeline
from trading.models import OrderCondition, Trade
from trading.tests.desk import TradingDesk, warm_hash
from trading.tests.laws import broken_laws
from trading.tests.test_book_warm import loaded

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    desk = TradingDesk()
    yield desk
    assert warm_hash("BTC-USDT") == loaded().state_hash()
    assert broken_laws() == []


def hidden(placed):
    return OrderCondition.objects.get(order_id=placed.order.id).hidden_quantity


def asks():
    return selectors.book_snapshot("BTC-USDT").asks


def test_an_iceberg_holds_all_of_itself_and_shows_a_slice(desk):
    iceberg = desk.sells("bob", "0.5", at="60000", display="0.1")
    assert desk.balance("bob", "BTC") == ("0.5", "0.5")
    assert asks() == [(60000, Decimal("0.1"))]
    assert hidden(iceberg) == Decimal("0.4")


def test_a_buying_iceberg_holds_what_all_of_it_costs(desk):
    desk.buys("bob", "0.5", at="60000", display="0.1")
    assert desk.balance("bob", "USDT") == ("70000", "30000")


@pytest.mark.parametrize("restarted", [False, True])
def test_a_new_slice_stands_behind_everybody_at_its_price(desk, restarted):
    iceberg = desk.sells("bob", "0.5", at="60000", display="0.1")
    other = desk.sells("carol", "0.1", at="60000")
    desk.buys("alice", "0.15", at="60000")  # the slice, and half of Carol's
    if restarted:
        pipeline._books.clear()
    desk.buys("alice", "0.1", at="60000")
    makers = [trade.maker_order_id for trade in Trade.objects.order_by("sequence")]
    assert makers == [iceberg.order.id, other.order.id, other.order.id, iceberg.order.id]
    assert (hidden(iceberg), asks()) == (Decimal("0.3"), [(60000, Decimal("0.05"))])


def test_a_large_taker_eats_slice_after_slice_and_fees_are_paid_for_each(desk):
    desk.sells("bob", "0.5", at="60000", display="0.2")
    placed = desk.buys("alice", "0.5", at="60000")
    assert [fill.quantity for fill in placed.fills] == [Decimal("0.2"), Decimal("0.2"), Decimal("0.1")]
    assert desk.balance("alice", "BTC") == ("1.499", "0")
    assert desk.balance("bob", "BTC") == ("0.5", "0")
    assert desk.balance("bob", "USDT") == ("129970", "0")


def test_made_smaller_it_loses_what_is_hidden_first_and_keeps_its_place(desk):
    iceberg = desk.sells("bob", "0.5", at="60000", display="0.1")
    desk.sells("carol", "0.1", at="60000")
    desk.amends("bob", iceberg, quantity="0.15")
    assert (hidden(iceberg), desk.balance("bob", "BTC")) == (Decimal("0.05"), ("0.85", "0.15"))
    desk.amends("bob", iceberg, quantity="0.08")
    assert hidden(iceberg) == 0
    assert desk.book() == ["sell 60000 | bob 0.08, carol 0.1"]


def test_a_cancel_releases_what_is_shown_and_what_is_hidden(desk):
    iceberg = desk.sells("bob", "0.5", at="60000", display="0.1")
    desk.buys("alice", "0.25", at="60000")
    desk.cancels("bob", iceberg)
    assert desk.balance("bob", "BTC") == ("0.75", "0")
    assert asks() == []


def test_as_a_taker_it_trades_all_it_can_and_what_rests_shows_a_slice(desk):
    desk.buys("alice", "0.2", at="60000")
    iceberg = desk.sells("bob", "0.5", at="60000", display="0.1")
    assert (iceberg.order.filled_quantity, hidden(iceberg)) == (Decimal("0.2"), Decimal("0.2"))
    assert desk.balance("bob", "BTC") == ("0.5", "0.3")


@pytest.mark.parametrize("display", ["0.5", "0.6", "0.004", "0"])
def test_a_slice_that_is_no_slice_is_refused_without_a_trace(desk, display):
    before = desk.everything()
    assert desk.sells("bob", "0.5", at="60000", display=display) in ("VALIDATION_ERROR", "INVALID_QUANTITY")
    assert desk.everything() == before


def test_decrementing_its_owners_order_shows_the_next_slice(desk):
    iceberg = desk.sells("bob", "0.5", at="60000", display="0.1")
    bid = desk.buys("bob", "0.1", at="60000", self_trade_prevention="decrement")
    assert desk.fate(bid) == "cancelled SELF_TRADE_PREVENTED"
    assert (hidden(iceberg), asks()) == (Decimal("0.3"), [(60000, Decimal("0.1"))])
    assert desk.balance("bob", "BTC") == ("0.6", "0.4")
