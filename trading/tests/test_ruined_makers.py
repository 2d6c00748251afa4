"""Trades far from the mark price that somebody could not bear: the insurance fund does not pay for them."""

from datetime import timedelta
from decimal import Decimal

import pytest

from common import clock
from risk.models import Contract
from trading import services
from trading.matching_service import makers
from trading.matching_service.requests import FundingRequest
from trading.tests.perpetual_desk import PERP, PerpetualDesk

overreaching = makers.overreaching


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


def test_a_hedging_order_does_not_pay_for_a_ruinous_purchase(desk):
    desk.sells("dave", "0.5", at="100000", symbol=PERP)
    desk.sells("bob", "0.5", at="90000", symbol=PERP)
    assert desk.buys("dave", "0.5", at="90000", symbol=PERP) == "INSUFFICIENT_MARGIN"
    assert desk.position("dave") == "flat"


def test_all_orders_of_a_ruined_owner_go_at_once(desk, monkeypatch):
    """However many there are, the batch runs one more time and not once for each."""
    desk.trades("dave", "carol", "0.9", at="50000")
    bids = [desk.buys("dave", "0.001", at=f"{48000 + number / 10}", symbol=PERP) for number in range(30)]
    desk.marks("47100")  # dave has 170 left, and must keep 212
    looks = []
    monkeypatch.setattr(makers, "overreaching", lambda *given: looks.append(1) or overreaching(*given))
    sold = desk.sells("bob", "0.001", at="48000", symbol=PERP)
    assert len(looks) == 2
    assert {desk.fate(bid) for bid in bids} == {"cancelled INSUFFICIENT_MARGIN"}
    assert sold.order.status == "open"


def test_nobody_is_deleveraged_at_a_loss(desk):
    """The mark falls to 40,000, and the only short left was opened there."""
    desk.hires_margin_trader("erin", "3000")
    desk.promotes("erin", "advanced")
    desk.leverages("erin", 20)
    desk.trades("dave", "carol", "1", at="50000")
    desk.marks("40000")
    desk.sells("erin", "1", at="40000", symbol=PERP)
    desk.buys("carol", "1", at="40000", symbol=PERP)
    services.sweep_liquidations()
    assert desk.position("dave") == "flat"
    assert desk.position("erin") == "flat"
    assert desk.row("erin").realised_profit == 0
    assert desk.balance("erin", "USDT") == ("2992", "0")  # her fee was 8
    # dave's 2,805 less 25 of fee do not pay a loss of 10,000: the rest is owed by the fund, by name
    assert desk.balance_of("insurance:BTC-PERP") == "-7220"
    assert desk.audited() == []


def test_funding_that_cannot_be_paid_leaves_the_insurance_fund_alone(desk):
    desk.insures("5000")
    desk.trades("dave", "carol", "1", at="50000")
    desk.marks("60000")
    contract = Contract.objects.get(market__symbol=PERP)
    for number in range(1, 9):
        due_at = (contract.next_funding_at or clock.now()) + timedelta(hours=8 * number)
        rate = Decimal("0.0075")
        services.submit(PERP, [FundingRequest(due_at, rate, rate, 1, due_at + timedelta(hours=8))])
    services.settle_funding()
    desk.leverages("dave", 20)
    assert desk.balance_of("insurance:BTC-PERP") == "5000"
    assert desk.audited() == []
