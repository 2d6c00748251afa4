"""The rules of matching as a trader would explain them, in ticks and lots."""

import pytest

from trading.tests.pit import Pit, ladder


@pytest.fixture
def pit():
    return Pit()


@pytest.fixture
def busy_pit(pit):
    """Three sellers above two buyers."""
    pit.sells("bob", 3, at=101)
    pit.sells("carol", 4, at=102)
    pit.sells("bob", 2, at=102)
    pit.buys("alice", 5, at=99)
    pit.buys("carol", 1, at=98)
    return pit


BUSY = """
    sell 102 | carol 4, bob 2
    sell 101 | bob 3
    buy 99 | alice 5
    buy 98 | carol 1
"""


def test_the_pit_is_as_drawn(busy_pit):
    assert busy_pit.ladder() == ladder(BUSY)


# ---- price and time ----


def test_the_better_price_trades_first_and_at_one_price_the_older_order(busy_pit):
    busy_pit.buys("dave", 8, at=102)
    assert busy_pit.prints() == [
        "dave buys 3 at 101 from bob",
        "dave buys 4 at 102 from carol",
        "dave buys 1 at 102 from bob",
    ]
    assert busy_pit.ladder() == ladder("""
        sell 102 | bob 1
        buy 99 | alice 5
        buy 98 | carol 1
    """)


def test_a_seller_meets_the_highest_bid_first(busy_pit):
    busy_pit.sells("dave", 6, at=98)
    assert busy_pit.prints() == ["dave sells 5 at 99 to alice", "dave sells 1 at 98 to carol"]


def test_the_taker_gets_the_makers_price(pit):
    pit.sells("bob", 3, at=100)
    pit.buys("alice", 3, at=150)
    assert pit.prints() == ["alice buys 3 at 100 from bob"]


def test_an_order_that_is_partly_filled_keeps_its_place(pit):
    pit.sells("bob", 5, at=100)
    pit.sells("carol", 5, at=100)
    pit.buys("alice", 2, at=100)
    assert pit.ladder() == ["sell 100 | bob 3, carol 5"]
    pit.buys("alice", 4, at=100)
    assert pit.prints()[1:] == ["alice buys 3 at 100 from bob", "alice buys 1 at 100 from carol"]


def test_what_is_left_of_a_taker_rests_at_its_own_price(busy_pit):
    order = busy_pit.buys("dave", 5, at=101)
    assert busy_pit.slip(order) == (5, 3, 0, None)
    assert "buy 101 | dave 2" in busy_pit.ladder()


def test_orders_a_tick_apart_do_not_trade(pit):
    pit.sells("bob", 3, at=101)
    pit.buys("alice", 3, at=100)
    assert pit.prints() == []
    assert pit.ladder() == ["sell 101 | bob 3", "buy 100 | alice 3"]


# ---- how long an order lives ----


def test_fill_or_kill_takes_all_of_it_across_levels(busy_pit):
    order = busy_pit.buys("dave", 9, at=102, time_in_force="fok")
    assert busy_pit.slip(order) == (9, 9, 0, "")
    assert busy_pit.ladder() == ladder("""
        buy 99 | alice 5
        buy 98 | carol 1
    """)


def test_fill_or_kill_takes_nothing_if_one_lot_is_missing(busy_pit):
    order = busy_pit.buys("dave", 10, at=102, time_in_force="fok")
    assert busy_pit.slip(order) == (10, 0, 10, "FOK_NOT_FILLABLE")
    assert busy_pit.prints() == []
    assert busy_pit.ladder() == ladder(BUSY)


def test_fill_or_kill_does_not_count_own_orders_as_fillable(busy_pit):
    for prevention in ("cancel_newest", "cancel_oldest", "cancel_both", "decrement"):
        order = busy_pit.buys("bob", 7, at=102, time_in_force="fok", self_trade_prevention=prevention)
        assert busy_pit.slip(order) == (7, 0, 7, "FOK_NOT_FILLABLE"), prevention
    assert busy_pit.ladder() == ladder(BUSY)


def test_fill_or_kill_is_not_whole_when_own_orders_would_make_it_smaller(pit):
    pit.sells("alice", 4, at=100)
    pit.sells("bob", 6, at=100)
    order = pit.buys("alice", 10, at=100, time_in_force="fok", self_trade_prevention="decrement")
    assert pit.slip(order) == (10, 0, 10, "FOK_NOT_FILLABLE")
    assert pit.ladder() == ["sell 100 | alice 4, bob 6"]


def test_immediate_or_cancel_takes_what_there_is_and_never_rests(busy_pit):
    order = busy_pit.buys("dave", 5, at=101, time_in_force="ioc")
    assert busy_pit.slip(order) == (5, 3, 2, "IOC_REMAINDER")
    assert busy_pit.prints() == ["dave buys 3 at 101 from bob"]
    assert not any("dave" in row for row in busy_pit.ladder())


def test_post_only_rests_or_is_refused(busy_pit):
    assert busy_pit.buys("dave", 1, at=101, post_only=True) == "POST_ONLY_WOULD_TAKE"
    assert busy_pit.sells("dave", 1, at=99, post_only=True) == "POST_ONLY_WOULD_TAKE"
    assert busy_pit.ladder() == ladder(BUSY)
    busy_pit.buys("dave", 1, at=100, post_only=True)
    assert "buy 100 | dave 1" in busy_pit.ladder()


# ---- market orders ----


def test_a_market_order_takes_price_by_price(busy_pit):
    order = busy_pit.buys("dave", 5)
    assert busy_pit.slip(order) == (5, 5, 0, "")
    assert busy_pit.prints() == ["dave buys 3 at 101 from bob", "dave buys 2 at 102 from carol"]


def test_a_market_order_in_an_empty_pit_ends_at_once(pit):
    assert pit.slip(pit.buys("alice", 5)) == (5, 0, 5, "NO_LIQUIDITY")
    assert pit.slip(pit.sells("alice", 5)) == (5, 0, 5, "NO_LIQUIDITY")
    assert pit.slip(pit.buys("alice", budget=500)) == (0, 0, 0, "NO_LIQUIDITY")
    assert pit.ladder() == []


def test_a_market_order_larger_than_the_book_takes_the_book(busy_pit):
    order = busy_pit.sells("dave", 10)
    assert busy_pit.slip(order) == (10, 6, 4, "NO_LIQUIDITY")


@pytest.mark.parametrize(
    ("budget", "bought", "ended"),
    [
        (303, 3, ""),  # to the last tick
        (304, 3, ""),  # less than a lot is left
        (404, 3, ""),  # one tick short of the next lot, at 102
        (405, 4, ""),
        (100, 0, "COST_BELOW_ONE_LOT"),
        (915, 9, ""),  # the whole book
        (1016, 9, ""),  # what is left would not have bought a lot at the last price
        (1017, 9, "NO_LIQUIDITY"),
    ],
)
def test_a_market_buy_by_cost_buys_whole_lots_and_leaves_less_than_one(busy_pit, budget, bought, ended):
    order = busy_pit.buys("dave", budget=budget)
    assert busy_pit.slip(order) == (bought, bought, 0, ended)


def test_a_market_buy_by_cost_from_one_large_seller_is_filled(pit):
    pit.sells("bob", 100, at=30)
    order = pit.buys("alice", budget=100)
    assert pit.slip(order) == (3, 3, 0, "")
    assert pit.ladder() == ["sell 30 | bob 97"]


def test_fill_or_kill_by_cost_is_whole_when_less_than_a_lot_is_left(pit):
    pit.sells("bob", 100, at=30)
    assert pit.slip(pit.buys("alice", budget=100, time_in_force="fok")) == (3, 3, 0, "")
    assert pit.slip(pit.buys("alice", budget=30 * 98, time_in_force="fok")) == (0, 0, 0, "FOK_NOT_FILLABLE")


def test_a_buy_by_cost_that_cannot_pay_for_a_lot_leaves_own_orders_alone(pit):
    pit.sells("alice", 5, at=100)
    order = pit.buys("alice", budget=99, self_trade_prevention="cancel_oldest")
    assert pit.slip(order) == (0, 0, 0, "COST_BELOW_ONE_LOT")
    assert pit.ladder() == ["sell 100 | alice 5"]
