"""Orders in the book whose fill their owner could not bear any more: the insurance fund does not pay for them."""

import pytest

from trading.tests.perpetual_desk import PERP, PerpetualDesk


@pytest.fixture
def desk(transactional_db):
    desk = PerpetualDesk(funds={"USDT": "100000"}, tiers={"alice": "advanced"})
    desk.hires_margin_trader("dave", "2805")
    desk.promotes("dave", "advanced")
    desk.leverages("dave", 20)
    return desk


def test_an_order_far_beyond_the_mark_is_cancelled_and_not_filled(desk):
    bid = desk.buys("dave", "1", at="55000", symbol=PERP)
    assert bid.order.status == "open"
    sold = desk.sells("bob", "1", at="55000", symbol=PERP)
    assert sold.order.status == "open"
    assert desk.fate(bid) == "cancelled INSUFFICIENT_MARGIN"
    assert (desk.position("dave"), desk.position("bob")) == ("flat", "flat")
    assert desk.balance("dave", "USDT") == ("2805", "0")
    assert desk.balance_of("insurance:BTC-PERP") == "0"


def test_an_order_that_the_mark_has_left_behind_is_cancelled_too(desk):
    bid = desk.buys("dave", "1", at="50000", symbol=PERP)
    desk.marks("47000")
    desk.market_sells("bob", "1", symbol=PERP)
    assert desk.fate(bid) == "cancelled INSUFFICIENT_MARGIN"
    assert desk.position("dave") == "flat"


def test_nobody_closes_at_a_price_that_ruins_them(desk):
    desk.trades("dave", "alice", "1", at="50000")
    ask = desk.sells("dave", "1", at="40000", symbol=PERP)
    desk.buys("bob", "1", at="40000", symbol=PERP)
    assert desk.fate(ask) == "cancelled INSUFFICIENT_MARGIN"
    assert desk.position("dave") == "long 1 at 50000"


def test_orders_near_the_mark_are_filled_however_thin_the_margin(desk):
    bid = desk.buys("dave", "1", at="50000", symbol=PERP)
    desk.marks("49990")
    desk.market_sells("bob", "1", symbol=PERP)
    assert desk.fate(bid) == "filled"


def test_the_next_in_the_queue_is_filled_instead(desk):
    first = desk.buys("dave", "1", at="55000", symbol=PERP)
    second = desk.buys("carol", "1", at="54000", symbol=PERP)
    desk.market_sells("bob", "1", symbol=PERP)
    assert (desk.fate(first), desk.fate(second)) == ("cancelled INSUFFICIENT_MARGIN", "filled")
    assert desk.position("carol") == "long 1 at 54000"
