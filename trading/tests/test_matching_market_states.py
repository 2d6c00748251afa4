"""What can be done while a market is open, takes makers only, takes cancels only, is halted or called."""

import pytest

from trading.tests.pit import Pit


@pytest.fixture
def pit():
    """Bob offers 5 at 101, Carol bids for 5 at 99, Alice has a stop at 95 on the mark price."""
    pit = Pit()
    pit.clock(0, mark=100)
    pit.offer, pit.bid = pit.sells("bob", 5, at=101), pit.buys("carol", 5, at=99)
    pit.stop = pit.sells("alice", 2, stop=95, source="mark")
    return pit


@pytest.mark.parametrize("status", ["halted", "cancel_only"])
def test_nothing_but_cancels(pit, status):
    pit.becomes(status)
    assert pit.buys("dave", 1) == "MARKET_NOT_OPEN"
    assert pit.buys("dave", 1, at=98) == "MARKET_NOT_OPEN"
    assert pit.buys("dave", 1, at=98, post_only=True) == "MARKET_NOT_OPEN"
    assert pit.sells("dave", 1, stop=90) == "MARKET_NOT_OPEN"
    assert pit.amends("bob", pit.offer, quantity=4) == "MARKET_NOT_OPEN"
    assert pit.cancels("bob", pit.offer) is None
    assert pit.cancels_all("alice") is None
    assert pit.ladder() == ["buy 99 | carol 5"]


def test_makers_only(pit):
    pit.becomes("post_only")
    assert pit.buys("dave", 1) == "MARKET_NOT_OPEN"
    assert pit.buys("dave", 1, at=98) == "MARKET_NOT_OPEN"
    assert pit.buys("dave", 1, at=101, post_only=True) == "POST_ONLY_WOULD_TAKE"
    assert isinstance(pit.buys("dave", 1, at=98, post_only=True), int)
    assert pit.amends("bob", pit.offer, quantity=4) is None
    assert pit.amends("bob", pit.offer, quantity=6) == "MARKET_NOT_OPEN"
    assert pit.amends("bob", pit.offer, price=99) == "MARKET_NOT_OPEN"
    assert pit.cancels("carol", pit.bid) is None
    assert pit.ladder() == ["sell 101 | bob 4", "buy 98 | dave 1"]


@pytest.mark.parametrize("status", ["halted", "cancel_only", "post_only", "auction"])
def test_stops_fire_in_an_open_market_only(pit, status):
    pit.becomes(status, until=9_000 if status == "auction" else None)
    pit.clock(10, mark=94)
    assert pit.status(pit.stop) == "pending_trigger"
    pit.becomes("open")
    assert pit.slip(pit.stop) == (2, 2, 0, "")


@pytest.mark.parametrize("status", ["halted", "cancel_only", "post_only", "auction"])
def test_as_a_market_opens_stops_are_judged_at_the_prices_of_then(pit, status):
    """The price was beyond the stop while nothing fired, and is back."""
    pit.becomes(status, until=9_000 if status == "auction" else None)
    pit.clock(10, mark=94)
    pit.clock(20, mark=100)
    pit.becomes("open")
    assert pit.status(pit.stop) == "pending_trigger"


def test_a_stop_that_a_halt_kept_from_firing_does_not_fire_at_the_price_from_before_it():
    pit = Pit(widest=3)
    pit.clock(0, mark=100)
    for price in (99, 90, 80):
        pit.buys("carol", 5, at=price)
    pit.sells("alice", 10, stop=95, source="mark")
    second = pit.sells("bob", 5, stop=95, source="mark")
    pit.clock(1, mark=94)
    assert (pit.book.status, pit.status(second)) == ("halted", "pending_trigger")
    pit.becomes("auction", until=10)
    pit.clock(10, mark=100)
    assert (pit.book.status, pit.status(second)) == ("open", "pending_trigger")


def test_an_order_expires_in_any_state(pit):
    order = pit.buys("dave", 1, at=98, until=5000)
    pit.becomes("cancel_only")
    pit.clock(5000)
    assert pit.status(order) == "expired"


def test_a_halted_market_opened_again_goes_on_where_it_was(pit):
    pit.becomes("halted")
    pit.becomes("open")
    pit.buys("dave", 1)
    assert pit.prints() == ["dave buys 1 at 101 from bob"]


def test_a_price_that_has_not_moved_is_not_written_down(pit):
    sequence = pit.book.sequence
    pit.clock(1, mark=100)
    assert pit.book.sequence == sequence
    pit.clock(2, mark=101)
    assert pit.book.sequence == sequence + 1


def test_stops_reached_by_the_trades_that_halt_the_market_wait_for_its_reopening():
    """Nine ticks within one command are too many here. After the auction only Carol's is reached."""
    pit = Pit(widest=8)
    pit.sells("bob", 1, at=100)
    pit.sells("bob", 1, at=109)
    low, high = pit.buys("carol", 1, at=90, stop=104), pit.buys("dave", 1, at=90, stop=108)
    pit.buys("alice", 2, at=110)
    assert pit.book.status == "halted"
    assert (pit.status(low), pit.status(high)) == ("pending_trigger", "pending_trigger")
    pit.becomes("auction")
    pit.sells("bob", 1, at=105)
    pit.buys("alice", 1, at=105)
    pit.becomes("open")
    assert (pit.status(low), pit.status(high)) == ("open", "pending_trigger")


def test_a_pair_is_unbound_by_the_trade_that_halts_the_market():
    pit = Pit(widest=8)
    pit.sells("bob", 1, at=100)
    _, stop = pit.calls_either("sell", "carol", 5, {"at": 109}, {"stop": 80})
    pit.buys("alice", 2, at=110)
    assert pit.book.status == "halted"
    assert pit.slip(stop) == (5, 0, 5, "LINKED_ORDER")
