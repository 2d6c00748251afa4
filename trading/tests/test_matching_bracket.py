"""A bracket: an entry, and the exits that become active for what it filled."""

import pytest

from trading.matching.book import Book
from trading.matching.commands import Activate
from trading.matching.terms import Reason
from trading.tests.pit import Pit


@pytest.fixture
def pit():
    """Bob sells 10 at 100 and Carol bids for 20 at 90; the mark price is at 100."""
    pit = Pit()
    pit.clock(0, mark=100)
    pit.sells("bob", 10, at=100)
    pit.buys("carol", 20, at=90)
    return pit


PROFIT = {"at": 110}
STOP = {"stop": 95, "source": "mark"}


def buys(pit, entry, take_profit=PROFIT, stop_loss=STOP, quantity=10):
    return pit.calls_bracket("buy", "alice", quantity, entry, take_profit, stop_loss)


def test_exits_wait_as_long_as_the_entry_lies(pit):
    entry, profit, stop = buys(pit, {"at": 99})
    assert [pit.status(order) for order in (entry, profit, stop)] == ["open", "new", "new"]
    pit.clock(1, mark=80)
    assert pit.status(stop) == "new"


def test_a_filled_entry_arms_both_exits(pit):
    entry, profit, stop = buys(pit, {"at": 100})
    assert pit.slip(entry) == (10, 10, 0, "")
    assert (pit.status(profit), pit.status(stop)) == ("open", "pending_trigger")
    assert pit.ladder() == ["sell 110 | alice 10", "buy 90 | carol 20"]


def test_the_exits_are_a_pair(pit):
    _, profit, stop = buys(pit, {"at": 100})
    pit.clock(1, mark=95)
    assert pit.slip(stop) == (10, 10, 0, "")
    assert pit.slip(profit) == (10, 0, 10, "LINKED_ORDER")


def test_taking_the_profit_removes_the_stop(pit):
    _, profit, stop = buys(pit, {"at": 100})
    pit.buys("dave", 4, at=110)
    assert pit.slip(profit) == (10, 4, 0, None)
    assert pit.slip(stop) == (10, 0, 10, "LINKED_ORDER")


def test_an_entry_filled_in_part_waits_until_it_ends(pit):
    entry, profit, stop = buys(pit, {"at": 100}, quantity=15)
    assert (pit.status(entry), pit.status(profit)) == ("partially_filled", "new")
    pit.cancels("alice", entry)
    assert pit.slip(entry) == (15, 10, 5, "CANCELLED_BY_USER")
    assert pit.slip(profit) == pit.slip(stop) == (10, 0, 0, None)


def test_a_market_entry_that_finds_less_arms_exits_for_what_it_found(pit):
    entry, profit, stop = buys(pit, {}, quantity=15)
    assert pit.slip(entry) == (15, 10, 5, "NO_LIQUIDITY")
    assert pit.slip(profit) == pit.slip(stop) == (10, 0, 0, None)


def test_an_entry_that_ends_unfilled_ends_its_exits(pit):
    entry, profit, stop = buys(pit, {"at": 99})
    pit.cancels("alice", entry)
    assert pit.slip(profit) == pit.slip(stop) == (10, 0, 10, "ENTRY_ENDED")


def test_an_entry_that_expires_ends_its_exits(pit):
    _, profit, stop = buys(pit, {"at": 99, "until": 1000})
    pit.clock(1000)
    assert pit.slip(profit) == pit.slip(stop) == (10, 0, 10, "ENTRY_ENDED")


def test_cancelling_an_exit_cancels_the_other_and_leaves_the_entry(pit):
    entry, profit, stop = buys(pit, {"at": 99})
    assert pit.cancels("alice", stop) is None
    assert pit.slip(profit) == (10, 0, 10, "LINKED_ORDER")
    assert pit.status(entry) == "open"
    pit.sells("bob", 10, at=99)
    assert pit.slip(entry) == (10, 10, 0, "")


def test_one_exit_alone_is_a_bracket_too(pit):
    _entry, stop = buys(pit, {"at": 100}, take_profit=None)
    assert pit.status(stop) == "pending_trigger"
    pit.clock(1, mark=90)
    assert pit.slip(stop) == (10, 10, 0, "")


def test_a_stop_that_is_true_already_fires_as_soon_as_it_is_armed(pit):
    """The mark price fell while the entry lay."""
    _entry, profit, stop = buys(pit, {"at": 99})
    pit.clock(1, mark=94)
    pit.sells("bob", 10, at=99)
    assert pit.slip(stop) == (10, 10, 0, "")
    assert pit.prints()[-1] == "alice sells 10 at 90 to carol"
    assert pit.slip(profit) == (10, 0, 10, "LINKED_ORDER")


def test_a_take_profit_that_can_trade_at_once_does(pit):
    _entry, profit, stop = buys(pit, {"at": 100}, take_profit={"at": 88})
    assert pit.slip(profit) == (10, 10, 0, "")
    assert pit.slip(stop) == (10, 0, 10, "LINKED_ORDER")


def test_a_trailing_exit_follows_from_the_moment_it_is_armed(pit):
    _entry, stop = buys(pit, {"at": 99}, take_profit=None, stop_loss={"trail": 5, "source": "mark"})
    pit.clock(1, mark=150)
    pit.clock(2, mark=100)
    pit.sells("bob", 10, at=99)
    assert pit.trigger(stop) == (95, 100)


def test_a_bracket_is_refused_with_its_entry(pit):
    before = pit.book.state_hash()
    assert buys(pit, {"at": 100, "post_only": True}) == "POST_ONLY_WOULD_TAKE"
    assert pit.book.state_hash() == before


def test_cancelling_all_ends_entry_and_exits(pit):
    orders = buys(pit, {"at": 99})
    pit.cancels_all("alice")
    assert {pit.slip(order) for order in orders} == {(10, 0, 10, "CANCELLED_BY_USER")}


def test_a_bracket_can_sell_first(pit):
    _entry, _profit, _stop = pit.calls_bracket(
        "sell", "dave", 10, {"at": 90}, {"at": 80}, {"stop": 105, "source": "mark"}
    )
    assert pit.ladder() == ["sell 100 | bob 10", "buy 90 | carol 10", "buy 80 | dave 10"]
    pit.clock(1, mark=106)
    assert pit.prints()[-1] == "dave buys 10 at 100 from bob"


def test_a_take_profit_that_takes_away_its_owners_older_bid_leaves_the_stop_armed(pit):
    """Nothing of the exit itself has happened."""
    pit.buys("alice", 1, at=95, post_only=True)
    _, _profit, stop = buys(pit, {"at": 99}, {"at": 94, "self_trade_prevention": "cancel_oldest"})
    pit.cancels("bob", 1)
    pit.sells("bob", 10, at=99)
    assert pit.ladder() == ["sell 94 | alice 10", "buy 90 | carol 20"]
    assert pit.status(stop) == "pending_trigger"


def test_a_post_only_take_profit_that_would_take_ends_and_so_does_the_stop(pit):
    _, profit, stop = buys(pit, {"at": 100}, {"at": 90, "post_only": True})
    assert pit.slip(profit) == (10, 0, 10, "POST_ONLY_WOULD_TAKE")
    assert pit.slip(stop) == (10, 0, 10, "LINKED_ORDER")


def test_in_a_market_where_nobody_takes_no_exit_does_either(pit):
    """The entry filled in part is cancelled after the market has become post-only; Carol bids what the exit asks."""
    entry, profit, stop = buys(pit, {"at": 99}, {"at": 90})
    pit.sells("bob", 4, at=99)
    pit.becomes("post_only")
    pit.cancels("alice", entry)
    assert pit.slip(profit) == (4, 0, 4, "POST_ONLY_WOULD_TAKE")
    assert pit.slip(stop)[3] == "LINKED_ORDER"


def test_the_exits_of_the_older_bracket_become_active_first(pit):
    """One seller fills both entries, the younger and better one first."""
    _older, _older_exit = pit.calls_bracket("buy", "alice", 5, {"at": 98}, PROFIT)
    _younger, _younger_exit = pit.calls_bracket("buy", "dave", 5, {"at": 99}, PROFIT)
    pit.sells("bob", 10, at=98)
    assert pit.ladder()[0] == "sell 110 | alice 5, dave 5"


def test_an_entry_can_be_amended_and_its_exits_cannot(pit):
    entry, profit, _stop = buys(pit, {"at": 99})
    assert pit.amends("alice", profit, price=111) == "AMEND_INVALID"
    assert pit.amends("alice", entry, price=100) is None
    assert pit.status(profit) == "open"


def test_exits_become_active_in_a_halted_market_and_trade_when_it_opens(pit):
    """What the entry had filled before the halt is not left without its exits."""
    entry, profit, stop = buys(pit, {"at": 100}, {"at": 89}, quantity=15)
    pit.becomes("halted")
    pit.cancels("alice", entry)
    assert (pit.status(profit), pit.status(stop)) == ("open", "pending_trigger")
    pit.becomes("open")
    assert pit.slip(profit) == (10, 10, 0, "")
    assert pit.slip(stop) == (10, 0, 10, "LINKED_ORDER")


def test_exits_sell_no_more_than_the_entrys_fees_left():
    """A lot of every five, rounded up."""
    pit = Pit(fee_lots=5)
    pit.sells("bob", 12, at=100)
    _, profit = pit.calls_bracket("buy", "alice", 11, {"at": 100}, PROFIT)
    _, nothing_left = pit.calls_bracket("buy", "carol", 1, {"at": 100}, PROFIT)
    assert pit.slip(profit) == (8, 0, 0, None)
    assert pit.slip(nothing_left) == (1, 0, 1, "ENTRY_ENDED")


def test_exits_that_cannot_be_paid_end_and_say_so(pit):
    entry, *exits = buys(pit, {"at": 99})
    pit.carries_out(Activate(entry, 0, Reason.FUNDS))
    assert {pit.slip(order) for order in exits} == {(10, 0, 10, "INSUFFICIENT_FUNDS")}


def test_exits_are_found_however_many_orders_there_are(pit, monkeypatch):
    """By their link, and not by a look at every live order."""
    monkeypatch.setattr(Book, "waiting", lambda book: pytest.fail("looked through all orders"))
    entry, profit, stop = buys(pit, {"at": 100})
    assert pit.slip(entry) == (10, 10, 0, "")
    assert (pit.status(profit), pit.status(stop)) == ("open", "pending_trigger")
