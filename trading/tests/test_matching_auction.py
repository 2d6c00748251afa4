"""The call auction: orders are called out, nobody trades, and then all trade at one price."""

import pytest

from trading.tests.pit import Pit, ladder


@pytest.fixture
def pit():
    pit = Pit()
    pit.becomes("halted")
    pit.becomes("auction", until=60_000)
    return pit


def called(pit, buys=(), sells=()):
    """(quantity, price) of each order: buys by alice, sells by bob, one after the other."""
    for quantity, price in buys:
        pit.buys("alice", quantity, at=price)
    for quantity, price in sells:
        pit.sells("bob", quantity, at=price)


def prices(pit):
    return {price for *_, price, _ in pit.trades}


def volume(pit):
    return sum(quantity for *_, quantity in pit.trades)


def test_the_book_may_cross_while_it_is_called(pit):
    called(pit, buys=[(5, 102)], sells=[(5, 98)])
    assert pit.prints() == []
    assert pit.ladder() == ladder("""
        sell 98 | bob 5
        buy 102 | alice 5
    """)


def test_the_price_with_the_largest_volume_is_taken(pit):
    called(pit, buys=[(5, 103), (5, 101), (5, 99)], sells=[(4, 98), (5, 100), (6, 102)])
    pit.becomes("open")
    assert (prices(pit), volume(pit)) == ({100}, 9)


def test_then_the_one_that_leaves_least_over(pit):
    """10 lots at any price from 98 to 101; from 100 on the offers at 100 would be left over."""
    called(pit, buys=[(10, 101)], sells=[(10, 98), (5, 100)])
    pit.becomes("open")
    assert volume(pit) == 10
    assert pit.ladder() == ["sell 100 | bob 5"]
    assert prices(pit) <= {98, 99}


def test_then_the_one_nearest_the_last_price():
    pit = Pit()
    pit.sells("carol", 1, at=100)
    pit.buys("dave", 1, at=100)
    pit.becomes("auction", until=60_000)
    called(pit, buys=[(5, 104)], sells=[(5, 98)])
    pit.becomes("open")
    assert prices(pit) == {100}


def test_without_a_last_price_the_middle_and_of_two_the_lower(pit):
    called(pit, buys=[(5, 103)], sells=[(5, 98)])
    pit.becomes("open")
    assert prices(pit) == {100}


def test_everybody_pays_the_same_price_and_the_best_trade_first(pit):
    pit.buys("alice", 3, at=105)
    pit.buys("carol", 4, at=101)
    pit.sells("bob", 5, at=96)
    pit.becomes("open")
    assert len(prices(pit)) == 1
    assert pit.slip(1) == (3, 3, 0, "")
    assert pit.slip(2) == (4, 2, 0, None)


def test_at_one_price_the_older_trades_first(pit):
    pit.sells("carol", 5, at=100)
    pit.sells("bob", 5, at=100)
    pit.buys("alice", 6, at=100)
    pit.becomes("open")
    assert pit.prints() == ["alice buys 5 at 100 from carol", "alice buys 1 at 100 from bob"]


def test_the_older_of_two_is_the_maker(pit):
    pit.buys("alice", 5, at=101)
    pit.sells("bob", 5, at=101)
    pit.becomes("open")
    assert pit.prints() == ["bob sells 5 at 101 to alice"]


def test_it_ends_by_itself_at_its_time(pit):
    called(pit, buys=[(5, 100)], sells=[(5, 100)])
    pit.clock(59_999)
    assert pit.prints() == []
    pit.clock(60_000)
    assert pit.book.status == "open"
    assert pit.prints() == ["bob sells 5 at 100 to alice"]


def test_the_whole_of_an_iceberg_counts(pit):
    pit.buys("alice", 20, at=101, display=2)
    pit.sells("bob", 20, at=99)
    pit.becomes("open")
    assert volume(pit) == 20


def test_what_is_left_of_an_iceberg_shows_a_slice(pit):
    pit.buys("alice", 20, at=101, display=3)
    pit.sells("bob", 6, at=101)
    pit.becomes("open")
    assert pit.ladder() == ["buy 101 | alice 3 (+11)"]


def test_nobody_trades_with_themself_at_an_auction_either(pit):
    old = pit.buys("alice", 5, at=101)
    new = pit.sells("alice", 5, at=99)
    pit.becomes("open")
    assert pit.prints() == []
    assert pit.slip(new) == (5, 0, 5, "SELF_TRADE_PREVENTED")
    assert pit.slip(old) == (5, 0, 0, None)


@pytest.mark.parametrize(
    ("mode", "old", "new"),
    [
        ("cancel_oldest", (5, 0, 5, "SELF_TRADE_PREVENTED"), (8, 0, 0, None)),
        ("cancel_both", (5, 0, 5, "SELF_TRADE_PREVENTED"), (8, 0, 8, "SELF_TRADE_PREVENTED")),
        ("decrement", (5, 0, 5, "SELF_TRADE_PREVENTED"), (8, 0, 5, None)),
    ],
)
def test_the_newer_ones_choice_decides(pit, mode, old, new):
    first = pit.buys("alice", 5, at=101)
    second = pit.sells("alice", 8, at=99, self_trade_prevention=mode)
    pit.becomes("open")
    assert (pit.slip(first), pit.slip(second)) == (old, new)


def test_prevented_self_trades_do_not_leave_the_book_crossed(pit):
    """10 lots trade at 99 or more, but the bid was to meet Alice's own offer: Carol's is the best left."""
    pit.sells("alice", 5, at=95)
    pit.sells("bob", 5, at=96)
    pit.buys("alice", 10, at=102)
    pit.buys("carol", 3, at=98)
    pit.becomes("open")
    assert pit.prints() == ["carol buys 3 at 95 from alice"]
    assert pit.ladder() == ladder("""
        sell 96 | bob 5
        sell 95 | alice 2
    """)


def test_what_still_crosses_trades_as_near_to_the_auctions_price_as_it_can():
    """The last price was 90. All but Carol's are worth 99; then Alice's bid meets her own offer and is gone."""
    pit = Pit()
    pit.sells("dave", 1, at=90)
    pit.buys("carol", 1, at=90)
    pit.becomes("auction")
    for who, lots in (("dave", 2), ("alice", 5), ("bob", 5)):
        pit.sells(who, lots, at=95)
    pit.buys("bob", 2, at=105)
    pit.buys("alice", 10, at=102)
    pit.buys("carol", 3, at=98)
    pit.becomes("open")
    assert pit.prints()[1:] == ["bob buys 2 at 99 from dave", "carol buys 3 at 98 from alice"]


def test_only_resting_limit_orders_are_called(pit):
    assert pit.buys("alice", 5) == "MARKET_NOT_OPEN"
    assert pit.buys("alice", 5, at=100, time_in_force="ioc") == "MARKET_NOT_OPEN"
    assert pit.buys("alice", 5, at=100, time_in_force="fok") == "MARKET_NOT_OPEN"
    assert pit.buys("alice", 5, at=100, post_only=True) == "MARKET_NOT_OPEN"
    assert pit.buys("alice", 5, at=100, stop=90) == "MARKET_NOT_OPEN"
    assert isinstance(pit.buys("alice", 5, at=100, until=90_000), int)


def test_called_orders_can_be_amended_and_cancelled(pit):
    called(pit, buys=[(5, 102)], sells=[(5, 98)])
    pit.amends("alice", 1, price=97)
    pit.cancels("bob", 2)
    pit.becomes("open")
    assert pit.ladder() == ["buy 97 | alice 5"]


def test_what_expired_before_the_end_does_not_trade(pit):
    pit.buys("alice", 5, at=100, until=60_000)
    pit.sells("bob", 5, at=100)
    pit.clock(60_000)
    assert pit.prints() == []
    assert pit.ladder() == ["sell 100 | bob 5"]


def test_stops_fire_at_the_auctions_price_once_the_market_is_open():
    pit = Pit()
    stop = pit.buys("alice", 1, at=90, stop=100)
    pit.becomes("auction", until=60_000)
    pit.buys("carol", 5, at=101)
    pit.sells("bob", 5, at=101)
    pit.becomes("open")
    assert pit.status(stop) == "open"


def test_an_order_filled_at_the_auction_ends_its_counterpart():
    pit = Pit()
    limit, stop = pit.calls_either("sell", "alice", 5, {"at": 101}, {"stop": 95})
    pit.becomes("auction", until=60_000)
    pit.buys("bob", 2, at=101)
    pit.becomes("open")
    assert pit.slip(limit) == (5, 2, 0, None)
    assert pit.slip(stop) == (5, 0, 5, "LINKED_ORDER")
