"""One cancels the other: a limit (or a take-profit) and a stop, of which only one can be done."""

import pytest

from trading.tests.pit import Pit


@pytest.fixture
def pit():
    """The mark price is at 100; Carol bids for 20 at 90."""
    pit = Pit()
    pit.clock(0, mark=100)
    pit.buys("carol", 20, at=90)
    return pit


STOP = {"stop": 95, "source": "mark"}
LINKED = (5, 0, 5, "LINKED_ORDER")


def sells_either(pit, first, second=STOP, quantity=5):
    return pit.calls_either("sell", "alice", quantity, first, second)


def test_both_wait_side_by_side(pit):
    limit, stop = sells_either(pit, {"at": 110})
    assert pit.ladder() == ["sell 110 | alice 5", "buy 90 | carol 20"]
    assert (pit.status(limit), pit.status(stop)) == ("open", "pending_trigger")


def test_when_the_limit_is_filled_the_stop_goes(pit):
    limit, stop = sells_either(pit, {"at": 110})
    pit.buys("bob", 5, at=110)
    assert pit.slip(limit) == (5, 5, 0, "")
    assert pit.slip(stop) == LINKED


def test_a_fill_in_part_is_enough(pit):
    limit, stop = sells_either(pit, {"at": 110})
    pit.buys("bob", 1, at=110)
    assert pit.slip(stop) == LINKED
    assert pit.slip(limit) == (5, 1, 0, None)


def test_when_the_stop_fires_the_limit_goes(pit):
    limit, stop = sells_either(pit, {"at": 110})
    pit.clock(1, mark=95)
    assert pit.slip(limit) == LINKED
    assert pit.slip(stop) == (5, 5, 0, "")


def test_a_stop_that_fires_and_finds_nobody_takes_the_limit_along_all_the_same(pit):
    pit.cancels_all("carol")
    limit, stop = sells_either(pit, {"at": 110})
    pit.clock(1, mark=95)
    assert pit.slip(stop) == (5, 0, 5, "NO_LIQUIDITY")
    assert pit.slip(limit) == LINKED


def test_cancelling_one_cancels_both(pit):
    limit, stop = sells_either(pit, {"at": 110})
    pit.cancels("alice", limit)
    assert pit.slip(limit) == (5, 0, 5, "CANCELLED_BY_USER")
    assert pit.slip(stop) == LINKED
    limit, stop = sells_either(pit, {"at": 110})
    pit.cancels("alice", stop)
    assert pit.slip(limit) == LINKED


def test_one_that_expires_takes_the_other_along(pit):
    limit, stop = sells_either(pit, {"at": 110, "until": 1000})
    pit.clock(1000)
    assert pit.slip(limit) == (5, 0, 5, "EXPIRED")
    assert pit.slip(stop) == LINKED


def test_cancelling_all_leaves_nothing_to_link(pit):
    orders = sells_either(pit, {"at": 110})
    pit.cancels_all("alice")
    assert {pit.slip(order) for order in orders} == {(5, 0, 5, "CANCELLED_BY_USER")}


def test_a_limit_that_trades_at_once_leaves_no_stop(pit):
    limit, stop = sells_either(pit, {"at": 90}, quantity=30)
    assert pit.slip(limit) == (30, 20, 0, None)
    assert pit.slip(stop) == (30, 0, 30, "LINKED_ORDER")


def test_a_limit_stopped_by_a_self_trade_takes_the_stop_along(pit):
    pit.buys("alice", 1, at=91)
    limit, stop = sells_either(pit, {"at": 91})
    assert pit.slip(limit) == (5, 0, 5, "SELF_TRADE_PREVENTED")
    assert pit.slip(stop) == LINKED


def test_of_two_that_become_true_at_once_only_the_first_is_done(pit):
    """Sources differ: index is judged after mark."""
    pit.clock(0, index=100)
    profit, stop = sells_either(pit, {"hits": 105, "source": "index"})
    pit.clock(1, mark=95, index=105)
    assert pit.slip(stop) == (5, 5, 0, "")
    assert pit.slip(profit) == LINKED


def test_a_trade_that_fills_the_limit_and_reaches_the_stop_fires_nothing():
    """The stop watches the last price, and it is the limit's own fill that moves it there."""
    pit = Pit()
    _limit, stop = pit.calls_either("sell", "alice", 5, {"at": 110}, {"at": 120, "stop": 110})
    pit.buys("bob", 2, at=110)
    assert pit.slip(stop) == LINKED
    assert pit.ladder() == ["sell 110 | alice 3"]


def test_a_pair_is_refused_whole(pit):
    before = pit.book.state_hash()
    assert sells_either(pit, {"at": 110}, {"stop": 100, "source": "mark"}) == "WOULD_TRIGGER_AT_ONCE"
    assert sells_either(pit, {"at": 90, "post_only": True}) == "POST_ONLY_WOULD_TAKE"
    assert sells_either(pit, {"at": 110}, {"trail": 5, "source": "last"}) == "NO_REFERENCE_PRICE"
    assert pit.book.state_hash() == before


def test_a_trailing_stop_can_be_the_other(pit):
    limit, stop = sells_either(pit, {"at": 110}, {"trail": 5, "source": "mark"})
    pit.clock(1, mark=104)
    pit.clock(2, mark=99)
    assert pit.slip(stop) == (5, 5, 0, "")
    assert pit.slip(limit) == LINKED


def test_the_pair_keeps_back_what_the_dearer_one_needs():
    """A buy: 5 at 90 are held by the limit; the stop at 105 keeps the 15 a lot that are missing."""
    pit = Pit()
    _, stop = pit.calls_either("buy", "alice", 5, {"at": 90}, {"at": 105, "stop": 100})
    assert pit.reserve(stop) == 15
    _, stop = pit.calls_either("sell", "alice", 5, {"at": 110}, {"at": 90, "stop": 95})
    assert pit.reserve(stop) == 0


def test_lots_lost_to_a_prevented_self_trade_unbind_the_pair_too(pit):
    """What is left of the limit is smaller than the stop: both could be done, and too much be sold."""
    pit.buys("alice", 2, at=91)
    limit, stop = sells_either(pit, {"at": 91, "self_trade_prevention": "decrement"})
    assert pit.slip(limit) == (5, 0, 2, None)
    assert pit.slip(stop) == LINKED


def test_nobody_trades_with_an_order_whose_counterpart_is_gone(pit):
    """At one moment Dave's entry expires, filled in part, and Alice's stop. Dave's exit does not meet her limit."""
    entry, profit = pit.calls_bracket("sell", "dave", 9, {"at": 95, "until": 1000}, {"at": 111})
    pit.buys("bob", 4, at=95)
    limit, _stop = sells_either(pit, {"at": 110}, {**STOP, "at": 90, "until": 1000})
    pit.clock(1000)
    assert pit.slip(entry) == (9, 4, 5, "EXPIRED")
    assert pit.slip(limit) == LINKED
    assert pit.slip(profit) == (4, 0, 0, None)


def test_legs_cannot_be_amended(pit):
    limit, stop = sells_either(pit, {"at": 110})
    assert pit.amends("alice", limit, price=109) == "AMEND_INVALID"
    assert pit.amends("alice", stop, trigger_price=94) == "AMEND_INVALID"


def test_what_is_left_of_a_pair_can_be_amended(pit):
    limit, _ = sells_either(pit, {"at": 110})
    pit.buys("bob", 1, at=110)
    assert pit.amends("alice", limit, price=109) is None
