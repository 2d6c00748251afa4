"""Trades far from the mark price that somebody could not bear: the insurance fund does not pay for them."""

import pytest

from trading import services
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


def test_nobody_sells_a_part_so_cheap_that_the_rest_is_ruined(desk):
    desk.trades("dave", "carol", "1", at="50000")
    desk.marks("48000")  # equity 780, maintenance 240
    desk.buys("bob", "0.5", at="44600", symbol=PERP)
    assert desk.market_sells("dave", "0.5", symbol=PERP, reduce_only=True) == "INSUFFICIENT_MARGIN"
    assert desk.market_sells("dave", "0.9", symbol=PERP) == "INSUFFICIENT_MARGIN"
    assert desk.position("dave") == "long 1 at 50000"
    desk.buys("bob", "0.5", at="47990", symbol=PERP)
    assert desk.market_sells("dave", "0.5", symbol=PERP, reduce_only=True).order.status == "filled"


@pytest.mark.parametrize("first", ["bob", "dave"])
def test_an_auction_ruins_nobody_either(desk, first):
    desk.turns("auction", seconds=60, symbol=PERP)
    calls = {
        "bob": lambda: desk.sells("bob", "0.9", at="55000", symbol=PERP),
        "dave": lambda: desk.buys("dave", "0.9", at="55000", symbol=PERP),
    }
    placed = {who: calls[who]() for who in sorted(calls, key=lambda who: who != first)}
    desk.turns("open", symbol=PERP)
    assert desk.fate(placed["dave"]) == "cancelled INSUFFICIENT_MARGIN"
    assert (desk.position("dave"), desk.position("bob")) == ("flat", "flat")


def test_a_low_bid_does_not_get_all_that_the_insurance_fund_has(desk):
    desk.insures("5000")
    desk.trades("dave", "carol", "1", at="50000")
    desk.buys("bob", "1", at="42300", symbol=PERP)
    desk.marks("47000")
    services.sweep_liquidations()
    # nobody bids within 1 % of the mark: carol, who is short, takes it over at the bankruptcy price
    assert (desk.position("dave"), desk.position("bob"), desk.position("carol")) == ("flat",) * 3
    assert desk.balance_of("insurance:BTC-PERP") == "5023.7"  # with what the closing fee would have been
