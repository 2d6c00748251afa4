"""Good till date: not a millisecond longer."""

import pytest

from trading.tests.pit import Pit


@pytest.fixture
def pit():
    pit = Pit()
    pit.clock(1000)
    return pit


def test_it_ends_at_its_time(pit):
    order = pit.sells("alice", 5, at=101, until=2000)
    pit.clock(1999)
    assert pit.status(order) == "open"
    pit.clock(2000)
    assert pit.slip(order) == (5, 0, 5, "EXPIRED")
    assert pit.status(order) == "expired"
    assert pit.ladder() == []


def test_what_was_filled_before_stays_filled(pit):
    order = pit.sells("alice", 5, at=101, until=2000)
    pit.buys("bob", 2, at=101)
    pit.clock(5000)
    assert pit.slip(order) == (5, 2, 3, "EXPIRED")


def test_nobody_trades_with_it_after_its_time(pit):
    pit.sells("alice", 5, at=101, until=2000)
    pit.clock(2000)
    pit.buys("bob", 2, at=101)
    assert pit.prints() == []


def test_a_waiting_stop_ends_at_its_time_before_it_can_fire(pit):
    stop = pit.sells("alice", 5, at=90, stop=95, source="mark", until=2000)
    pit.clock(2000, mark=90)
    assert pit.slip(stop) == (5, 0, 5, "EXPIRED")


def test_a_stop_that_fired_rests_until_its_time(pit):
    stop = pit.sells("alice", 5, at=97, stop=95, source="mark", until=2000)
    pit.clock(1500, mark=90)
    assert pit.status(stop) == "open"
    pit.clock(2000)
    assert pit.status(stop) == "expired"


def test_who_was_to_end_first_ends_first(pit):
    late, early, also_early = (pit.buys("alice", 1, at=99, until=time) for time in (3000, 2000, 2000))
    pit.clock(4000)
    assert [event.order_id for event in pit.events[-3:]] == [early, also_early, late]


def test_it_ends_in_a_halted_market_too(pit):
    order = pit.buys("alice", 1, at=99, until=2000)
    pit.becomes("halted")
    pit.clock(2000)
    assert pit.status(order) == "expired"


def test_amended_it_keeps_its_time(pit):
    order = pit.buys("alice", 1, at=99, until=2000)
    pit.amends("alice", order, price=98, quantity=4)
    pit.clock(2000)
    assert pit.slip(order) == (4, 0, 4, "EXPIRED")


def test_an_iceberg_ends_whole(pit):
    order = pit.buys("alice", 10, at=99, display=2, until=2000)
    pit.clock(2000)
    assert pit.slip(order) == (10, 0, 10, "EXPIRED")
