"""A trailing stop follows the best price since it was placed and fires when the price turns by so much."""

import pytest

from trading.tests.pit import Pit


@pytest.fixture
def pit():
    """Deep on both sides; mark is at 100."""
    pit = Pit()
    pit.sells("bob", 1, at=150)
    pit.sells("bob", 50, at=151)
    pit.buys("bob", 50, at=60)
    pit.clock(0, mark=100)
    return pit


def marks(pit, *prices):
    for price in prices:
        pit.clock(pit.now + 1, mark=price)


def test_a_sell_follows_the_price_up_and_fires_on_the_way_down(pit):
    order = pit.sells("alice", 1, trail=5, source="mark")
    marks(pit, 103, 110, 106)
    assert pit.status(order) == "pending_trigger"
    marks(pit, 105)
    assert pit.prints() == ["alice sells 1 at 60 to bob"]


def test_a_buy_follows_the_price_down_and_fires_on_the_way_up(pit):
    order = pit.buys("alice", 1, trail=5, source="mark", within=1_000_000)
    marks(pit, 97, 90, 94)
    assert pit.status(order) == "pending_trigger"
    marks(pit, 110)
    assert pit.prints() == ["alice buys 1 at 150 from bob"]


def test_it_never_steps_back(pit):
    order = pit.sells("alice", 1, trail=5, source="mark")
    marks(pit, 110, 106, 109, 106)
    assert pit.trigger(order) == (105, 110)


def test_a_rate_is_a_share_of_the_best_price(pit):
    """Two per cent of 250 is 5 ticks, of 300 it is 6."""
    order = pit.sells("alice", 1, trail_rate=20_000, source="mark")
    assert pit.trigger(order) == (98, 100)
    marks(pit, 250)
    assert pit.trigger(order) == (245, 250)
    marks(pit, 300)
    assert pit.trigger(order) == (294, 300)


def test_the_smallest_trail_is_one_tick(pit):
    order = pit.buys("alice", 1, trail_rate=1, source="mark")
    assert pit.trigger(order) == (101, 100)


def test_every_trade_on_the_way_counts_and_not_only_the_last():
    """One order takes 100, 110 and 104: the stop behind 110 has fired when it is done."""
    pit = Pit()
    pit.sells("bob", 1, at=100)
    pit.buys("carol", 1, at=100)
    pit.buys("dave", 9, at=90)
    order = pit.sells("alice", 1, trail=5)
    pit.sells("bob", 1, at=110)
    pit.buys("carol", 1, at=110)
    assert pit.trigger(order) == (105, 110)
    pit.buys("carol", 2, at=105)
    pit.sells("bob", 2, at=104)
    assert pit.slip(order) == (1, 1, 0, "")
    assert pit.prints()[-1] == "alice sells 1 at 90 to dave"


def test_without_a_price_there_is_nothing_to_trail():
    pit = Pit()
    assert pit.sells("alice", 1, trail=5) == "NO_REFERENCE_PRICE"
    assert pit.sells("alice", 1, trail=5, source="mark") == "NO_REFERENCE_PRICE"


def test_its_worst_price_is_counted_from_where_it_fired(pit):
    pit.buys("carol", 1, at=105)
    order = pit.sells("alice", 2, trail=10, source="mark", within=10_000)
    marks(pit, 116, 106)
    assert pit.slip(order) == (2, 1, 1, "PRICE_PROTECTION")


def test_its_trigger_cannot_be_set_by_hand(pit):
    order = pit.sells("alice", 1, trail=5, source="mark")
    assert pit.amends("alice", order, trigger_price=90) == "AMEND_INVALID"
    assert pit.amends("alice", order, quantity=3) is None
    marks(pit, 95)
    assert pit.slip(order) == (3, 3, 0, "")


def test_while_the_market_is_halted_nothing_is_followed(pit):
    order = pit.sells("alice", 1, trail=5, source="mark")
    pit.becomes("halted")
    marks(pit, 150, 80)
    assert pit.trigger(order) == (95, 100)


def test_amended_it_goes_on_following(pit):
    order = pit.sells("alice", 1, trail=5, source="mark")
    marks(pit, 110)
    pit.amends("alice", order, quantity=3)
    assert pit.trigger(order) == (105, 110)
    marks(pit, 120)
    assert pit.trigger(order) == (115, 120)
