"""Cancelling, and what an amended order keeps."""

import pytest

from trading.tests.pit import Pit, ladder


@pytest.fixture
def pit():
    return Pit()


def test_cancelling_takes_what_is_open(pit):
    order = pit.sells("bob", 5, at=100)
    pit.buys("alice", 2, at=100)
    pit.cancels("bob", order)
    assert pit.slip(order) == (5, 2, 3, "CANCELLED_BY_USER")
    assert pit.ladder() == []
    assert pit.cancels("bob", order) == "ORDER_NOT_OPEN"


def test_nobody_can_cancel_or_amend_what_is_not_theirs(pit):
    order = pit.sells("bob", 5, at=100)
    assert pit.cancels("alice", order) == "ORDER_NOT_OPEN"
    assert pit.amends("alice", order, quantity=1) == "ORDER_NOT_OPEN"
    assert pit.ladder() == ["sell 100 | bob 5"]


def test_cancelling_all_takes_only_ones_own(pit):
    pit.sells("carol", 4, at=102)
    pit.sells("bob", 2, at=102)
    pit.buys("bob", 5, at=99)
    pit.buys("carol", 1, at=98)
    pit.cancels_all("bob")
    assert pit.ladder() == ladder("""
        sell 102 | carol 4
        buy 98 | carol 1
    """)
    assert pit.cancels_all("dave") is None


@pytest.fixture
def queue_of_three(pit):
    pit.sells("alice", 5, at=100)
    pit.sells("bob", 5, at=100)
    pit.sells("carol", 5, at=100)
    return pit


def test_a_smaller_order_keeps_its_place(queue_of_three):
    queue_of_three.amends("alice", 1, quantity=2)
    assert queue_of_three.ladder() == ["sell 100 | alice 2, bob 5, carol 5"]
    assert queue_of_three.slip(1) == (2, 0, 0, None)


def test_a_larger_order_loses_its_place(queue_of_three):
    queue_of_three.amends("alice", 1, quantity=6)
    assert queue_of_three.ladder() == ["sell 100 | bob 5, carol 5, alice 6"]


def test_a_new_price_goes_to_the_end_of_its_queue_and_back_is_the_end_again(queue_of_three):
    queue_of_three.amends("alice", 1, price=101)
    assert queue_of_three.ladder() == ["sell 101 | alice 5", "sell 100 | bob 5, carol 5"]
    queue_of_three.amends("alice", 1, price=100)
    assert queue_of_three.ladder() == ["sell 100 | bob 5, carol 5, alice 5"]


def test_an_amend_that_changes_nothing_changes_nothing(queue_of_three):
    events = list(queue_of_three.events)
    assert queue_of_three.amends("alice", 1, price=100, quantity=5) is None
    assert queue_of_three.events == events


def test_an_order_amended_into_the_other_side_trades(queue_of_three):
    bid = queue_of_three.buys("dave", 7, at=90)
    queue_of_three.amends("dave", bid, price=100)
    assert queue_of_three.prints() == ["dave buys 5 at 100 from alice", "dave buys 2 at 100 from bob"]
    assert queue_of_three.slip(bid) == (7, 7, 0, "")


def test_a_post_only_order_is_not_amended_into_taking(queue_of_three):
    bid = queue_of_three.buys("dave", 7, at=90, post_only=True)
    assert queue_of_three.amends("dave", bid, price=100) == "POST_ONLY_WOULD_TAKE"
    assert "buy 90 | dave 7" in queue_of_three.ladder()


def test_the_new_quantity_counts_what_is_filled(pit):
    order = pit.sells("bob", 5, at=100)
    pit.buys("alice", 3, at=100)
    assert pit.amends("bob", order, quantity=3) == "AMEND_INVALID"
    assert pit.amends("bob", order, quantity=2) == "AMEND_INVALID"
    pit.amends("bob", order, quantity=4)
    assert pit.slip(order) == (4, 3, 0, None)
    assert pit.ladder() == ["sell 100 | bob 1"]


def test_an_order_amended_into_its_owners_other_order_gives_way(pit):
    pit.sells("alice", 5, at=100)
    bid = pit.buys("alice", 3, at=90)
    pit.amends("alice", bid, price=100)
    assert pit.slip(bid) == (3, 0, 3, "SELF_TRADE_PREVENTED")
    assert pit.ladder() == ["sell 100 | alice 5"]
