"""Nobody trades with themself: four ways out, and the incoming order chooses."""

import pytest

from trading.tests.pit import Pit


@pytest.fixture
def pit():
    return Pit()


@pytest.fixture
def own_order_first(pit):
    """Alice's own offer stands before Bob's."""
    pit.sells("alice", 4, at=100)
    pit.sells("bob", 5, at=100)
    return pit


def test_cancel_newest_stops_the_incoming_order(own_order_first):
    order = own_order_first.buys("alice", 6, at=100, self_trade_prevention="cancel_newest")
    assert own_order_first.slip(order) == (6, 0, 6, "SELF_TRADE_PREVENTED")
    assert own_order_first.ladder() == ["sell 100 | alice 4, bob 5"]


def test_cancel_newest_keeps_what_it_traded_before_it_met_itself(pit):
    pit.sells("bob", 5, at=100)
    pit.sells("alice", 4, at=100)
    order = pit.buys("alice", 9, at=100, self_trade_prevention="cancel_newest")
    assert pit.slip(order) == (9, 5, 4, "SELF_TRADE_PREVENTED")


def test_cancel_oldest_takes_the_resting_order_away_and_goes_on(own_order_first):
    order = own_order_first.buys("alice", 6, at=100, self_trade_prevention="cancel_oldest")
    assert own_order_first.slip(1) == (4, 0, 4, "SELF_TRADE_PREVENTED")
    assert own_order_first.slip(order) == (6, 5, 0, None)
    assert own_order_first.ladder() == ["buy 100 | alice 1"]


def test_cancel_both_ends_both(own_order_first):
    order = own_order_first.buys("alice", 6, at=100, self_trade_prevention="cancel_both")
    assert own_order_first.slip(1) == (4, 0, 4, "SELF_TRADE_PREVENTED")
    assert own_order_first.slip(order) == (6, 0, 6, "SELF_TRADE_PREVENTED")
    assert own_order_first.ladder() == ["sell 100 | bob 5"]


@pytest.mark.parametrize(
    ("lots", "own", "incoming", "book"),
    [
        (6, (4, 0, 4, "SELF_TRADE_PREVENTED"), (6, 2, 4, ""), ["sell 100 | bob 3"]),
        (4, (4, 0, 4, "SELF_TRADE_PREVENTED"), (4, 0, 4, "SELF_TRADE_PREVENTED"), ["sell 100 | bob 5"]),
        (3, (4, 0, 3, None), (3, 0, 3, "SELF_TRADE_PREVENTED"), ["sell 100 | alice 1, bob 5"]),
    ],
)
def test_decrement_makes_both_smaller_by_the_smaller(own_order_first, lots, own, incoming, book):
    order = own_order_first.buys("alice", lots, at=100, self_trade_prevention="decrement")
    assert own_order_first.slip(1) == own
    assert own_order_first.slip(order) == incoming
    assert own_order_first.ladder() == book
