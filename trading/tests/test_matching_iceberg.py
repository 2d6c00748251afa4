"""An iceberg shows one slice at a time; each new slice stands behind everybody at its price."""

import pytest

from trading.tests.pit import Pit


@pytest.fixture
def pit():
    """Alice sells 10 and shows 3; Bob stands behind her."""
    pit = Pit()
    pit.iceberg = pit.sells("alice", 10, at=101, display=3)
    pit.sells("bob", 4, at=101)
    return pit


def test_only_the_slice_is_seen(pit):
    assert pit.ladder() == ["sell 101 | alice 3 (+7), bob 4"]
    assert pit.book.sides["sell"].depth() == [(101, 7)]


def test_a_slice_used_in_part_keeps_its_place(pit):
    pit.buys("carol", 2, at=101)
    assert pit.ladder() == ["sell 101 | alice 1 (+7), bob 4"]


def test_a_slice_used_up_is_followed_by_the_next_one_behind_the_others(pit):
    pit.buys("carol", 3, at=101)
    assert pit.ladder() == ["sell 101 | bob 4, alice 3 (+4)"]


def test_one_taker_meets_slice_after_slice_before_the_next_price(pit):
    pit.sells("dave", 5, at=102)
    pit.buys("carol", 15, at=102)
    assert pit.prints() == [
        "carol buys 3 at 101 from alice",
        "carol buys 4 at 101 from bob",
        "carol buys 3 at 101 from alice",
        "carol buys 3 at 101 from alice",
        "carol buys 1 at 101 from alice",
        "carol buys 1 at 102 from dave",
    ]
    assert pit.slip(pit.iceberg) == (10, 10, 0, "")


def test_the_last_slice_is_what_is_left(pit):
    pit.buys("carol", 13, at=101)
    assert pit.ladder() == ["sell 101 | alice 1"]


def test_as_a_taker_it_trades_with_all_it_has(pit):
    order = pit.buys("dave", 9, at=101, display=1)
    assert pit.slip(order) == (9, 9, 0, "")


def test_what_is_left_of_a_taker_shows_a_slice(pit):
    pit.buys("dave", 20, at=101, display=4)
    assert pit.ladder() == ["buy 101 | dave 4 (+2)"]


def test_all_or_nothing_counts_what_is_hidden(pit):
    order = pit.buys("carol", 14, at=101, time_in_force="fok")
    assert pit.slip(order) == (14, 14, 0, "")
    assert pit.ladder() == []


def test_what_is_hidden_shrinks_first(pit):
    pit.amends("alice", pit.iceberg, quantity=5)
    assert pit.ladder() == ["sell 101 | alice 3 (+2), bob 4"]
    pit.amends("alice", pit.iceberg, quantity=2)
    assert pit.ladder() == ["sell 101 | alice 2, bob 4"]


def test_made_larger_it_comes_in_anew_with_a_full_slice(pit):
    pit.buys("carol", 2, at=101)
    pit.amends("alice", pit.iceberg, quantity=12)
    assert pit.ladder() == ["sell 101 | bob 4, alice 3 (+7)"]


def test_cancelled_it_is_gone_whole(pit):
    pit.cancels("alice", pit.iceberg)
    assert pit.slip(pit.iceberg) == (10, 0, 10, "CANCELLED_BY_USER")
    assert pit.ladder() == ["sell 101 | bob 4"]


def test_prevented_self_trades_use_up_the_slice_like_trades(pit):
    order = pit.buys("alice", 5, at=101, self_trade_prevention="decrement")
    assert pit.slip(pit.iceberg) == (10, 0, 3, None)
    assert pit.slip(order) == (5, 2, 3, "")
    assert pit.ladder() == ["sell 101 | bob 2, alice 3 (+4)"]


def test_cancel_oldest_takes_all_of_it(pit):
    pit.buys("alice", 5, at=101, self_trade_prevention="cancel_oldest")
    assert pit.slip(pit.iceberg) == (10, 0, 10, "SELF_TRADE_PREVENTED")


def test_a_stop_can_be_an_iceberg():
    pit = Pit()
    pit.sells("alice", 10, at=101, stop=95, source="mark", display=4)
    pit.clock(1, mark=95)
    assert pit.ladder() == ["sell 101 | alice 4 (+6)"]
