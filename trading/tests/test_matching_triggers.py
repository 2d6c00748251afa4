"""Stops and take-profits: they wait unseen, fire when the price comes to them, and enter one after the other."""

import pytest

from trading.matching.triggers import Triggers
from trading.tests.pit import Pit, ladder


@pytest.fixture
def pit():
    """Bids at 98 and 99, offers at 101 and 102; the last trade was at 100."""
    pit = Pit()
    trades_at(pit, 100)
    pit.sells("bob", 5, at=101)
    pit.sells("bob", 5, at=102)
    pit.buys("carol", 5, at=99)
    pit.buys("carol", 5, at=98)
    return pit


def trades_at(pit, price):
    """Dave and Carol trade one lot, in an order that nobody else can join."""
    offer = pit.sells("dave", 1, at=price)
    assert isinstance(offer, int)
    pit.buys("carol", 1, at=price)


QUIET = """
    sell 102 | bob 5
    sell 101 | bob 5
    buy 99 | carol 5
    buy 98 | carol 5
"""


def test_a_stop_lies_in_no_level_until_it_fires(pit):
    stop = pit.sells("alice", 3, stop=99)
    assert pit.ladder() == ladder(QUIET)
    assert pit.status(stop) == "pending_trigger"
    pit.sells("dave", 1, at=99)
    assert pit.prints()[1:] == ["dave sells 1 at 99 to carol", "alice sells 3 at 99 to carol"]
    assert pit.slip(stop) == (3, 3, 0, "")


@pytest.mark.parametrize(
    ("side", "words", "fires_at", "not_at"),
    [
        ("buy", {"stop": 105}, 105, 104),
        ("sell", {"stop": 95}, 95, 96),
        ("buy", {"hits": 95}, 95, 96),
        ("sell", {"hits": 105}, 105, 104),
    ],
)
@pytest.mark.parametrize("source", ["last", "mark", "index"])
def test_each_waits_for_its_own_direction_at_its_own_source(side, words, fires_at, not_at, source):
    pit = Pit()
    order = pit.calls(side, "alice", 2, 100, source=source, **words)
    price_is(pit, source, not_at)
    assert pit.status(order) == "pending_trigger"
    price_is(pit, source, fires_at)
    assert pit.status(order) == "open"
    assert pit.ladder() == [f"{side} 100 | alice 2"]


def price_is(pit, source, price):
    if source == "last":
        trades_at(pit, price)
    else:
        pit.clock(pit.now + 1, **{source: price})


def test_a_stop_that_would_fire_at_once_is_refused(pit):
    assert pit.buys("alice", 1, stop=100) == "WOULD_TRIGGER_AT_ONCE"
    assert pit.sells("alice", 1, stop=100) == "WOULD_TRIGGER_AT_ONCE"
    assert pit.buys("alice", 1, hits=100) == "WOULD_TRIGGER_AT_ONCE"
    assert pit.sells("alice", 1, hits=100) == "WOULD_TRIGGER_AT_ONCE"
    assert pit.ladder() == ladder(QUIET)


def test_before_the_first_price_a_stop_waits():
    pit = Pit()
    stop = pit.buys("alice", 1, at=105, stop=100)
    trades_at(pit, 99)
    assert pit.status(stop) == "pending_trigger"
    trades_at(pit, 103)
    assert pit.ladder() == ["buy 105 | alice 1"]


def test_a_price_passed_on_the_way_fires_though_the_command_ends_elsewhere():
    """The last trade was at 95; one seller then takes the bids at 99 and at 98: 99 was there."""
    pit = Pit()
    trades_at(pit, 95)
    pit.buys("carol", 5, at=99)
    pit.buys("carol", 5, at=98)
    stop = pit.buys("alice", 1, at=90, stop=99)
    pit.sells("dave", 10, at=98)
    assert pit.status(stop) == "open"


def test_rising_ones_enter_first_from_the_lowest_trigger_then_falling_ones_from_the_highest():
    pit = Pit()
    for who, words in (
        ("dave", {"side": "buy", "hits": 108}),
        ("carol", {"side": "buy", "stop": 104}),
        ("bob", {"side": "buy", "stop": 103}),
        ("alice", {"side": "buy", "hits": 109}),
    ):
        pit.calls(words.pop("side"), who, 1, 90, source="mark", **words)
    pit.clock(1, mark=106)
    assert pit.ladder() == ["buy 90 | bob 1, carol 1, alice 1, dave 1"]


def test_at_one_trigger_who_came_first_enters_first():
    pit = Pit()
    for who in ("carol", "alice", "bob"):
        pit.buys(who, 1, at=90, stop=105, source="mark")
    pit.clock(1, mark=105)
    assert pit.ladder() == ["buy 90 | carol 1, alice 1, bob 1"]


def test_a_cascade_goes_on_until_nobody_is_reached(pit):
    """Each stop sells into the next bid and brings the next stop down."""
    pit.buys("carol", 5, at=97)
    first = pit.sells("alice", 5, stop=99)
    second = pit.sells("dave", 5, stop=98)
    pit.sells("bob", 1, at=99)
    assert pit.prints()[1:] == [
        "bob sells 1 at 99 to carol",
        "alice sells 4 at 99 to carol",
        "alice sells 1 at 98 to carol",
        "dave sells 4 at 98 to carol",
        "dave sells 1 at 97 to carol",
    ]
    assert pit.slip(first) == pit.slip(second) == (5, 5, 0, "")


def test_who_fires_later_joins_at_the_end_of_the_queue(pit):
    """Alice's fill reaches Dave's stop at 98 while Bob waits already; Bob still enters before Dave."""
    pit.sells("alice", 7, stop=99)
    pit.sells("bob", 1, at=120, stop=99)
    pit.sells("dave", 1, at=120, stop=98)
    pit.sells("bob", 1, at=99)
    assert pit.ladder()[0] == "sell 120 | bob 1, dave 1"


def test_a_stop_market_trades_no_further_than_its_protection(pit):
    """1 per cent of 99 is within one tick: 98 and not below."""
    pit.buys("carol", 5, at=97)
    stop = pit.sells("alice", 20, stop=99, within=10_000)
    pit.sells("dave", 1, at=99)
    assert pit.slip(stop) == (20, 4, 16, "PRICE_PROTECTION")


def test_the_worst_price_of_a_sell_is_rounded_up_and_of_a_buy_down():
    """1.5 per cent of 100 is a tick and a half."""
    pit = Pit()
    for price in (98, 99):
        pit.buys("bob", 1, at=price)
    for price in (101, 102):
        pit.sells("bob", 1, at=price)
    down = pit.sells("alice", 2, stop=100, source="mark", within=15_000)
    up = pit.buys("alice", 2, stop=100, source="index", within=15_000)
    pit.clock(1, mark=100, index=100)
    assert pit.slip(down) == pit.slip(up) == (2, 1, 1, "PRICE_PROTECTION")


def test_a_stop_market_into_an_empty_book_ends():
    pit = Pit()
    stop = pit.sells("alice", 2, stop=99, source="mark")
    pit.clock(1, mark=98)
    assert pit.slip(stop) == (2, 0, 2, "NO_LIQUIDITY")


def test_a_stop_limit_enters_with_its_own_time_in_force(pit):
    whole = pit.sells("alice", 20, at=98, stop=99, time_in_force="fok")
    part = pit.sells("alice", 20, at=98, stop=99, time_in_force="ioc")
    rest = pit.sells("alice", 20, at=97, stop=99)
    pit.sells("dave", 1, at=99)
    assert pit.slip(whole) == (20, 0, 20, "FOK_NOT_FILLABLE")
    assert pit.slip(part) == (20, 9, 11, "IOC_REMAINDER")
    assert pit.slip(rest) == (20, 0, 0, None)


def test_a_post_only_stop_that_would_take_ends_as_it_enters(pit):
    takes = pit.sells("alice", 1, at=99, stop=99, post_only=True)
    makes = pit.sells("alice", 1, at=100, stop=99, post_only=True)
    pit.sells("dave", 1, at=99)
    assert pit.slip(takes) == (1, 0, 1, "POST_ONLY_WOULD_TAKE")
    assert pit.slip(makes) == (1, 0, 0, None)


def test_a_cancelled_stop_does_not_fire(pit):
    stop = pit.sells("alice", 3, stop=99)
    assert pit.cancels("bob", stop) == "ORDER_NOT_OPEN"
    assert pit.cancels("alice", stop) is None
    pit.sells("dave", 1, at=99)
    assert pit.slip(stop) == (3, 0, 3, "CANCELLED_BY_USER")


def test_cancelling_all_takes_the_waiting_ones_along(pit):
    pending, lying = pit.sells("alice", 3, stop=99), pit.sells("alice", 3, at=103)
    pit.cancels_all("alice")
    assert pit.slip(pending) == pit.slip(lying) == (3, 0, 3, "CANCELLED_BY_USER")


def test_a_stop_can_trade_with_nobody_of_its_own(pit):
    pit.buys("alice", 5, at=100)
    stop = pit.sells("alice", 3, stop=99, self_trade_prevention="cancel_oldest")
    pit.sells("dave", 6, at=99)
    assert pit.slip(stop) == (3, 3, 0, "")
    assert pit.prints()[-1] == "alice sells 3 at 99 to carol"


# ---- amending ----


def test_a_waiting_stop_can_be_moved(pit):
    stop = pit.sells("alice", 3, stop=95)
    assert pit.amends("alice", stop, trigger_price=99) is None
    pit.sells("dave", 1, at=99)
    assert pit.slip(stop) == (3, 3, 0, "")


def test_a_waiting_stop_limit_can_get_another_price_and_size(pit):
    stop = pit.sells("alice", 3, at=95, stop=96)
    assert pit.amends("alice", stop, price=103, quantity=7, trigger_price=99) is None
    pit.sells("dave", 1, at=99)
    assert pit.ladder()[0] == "sell 103 | alice 7"


def test_a_stop_cannot_be_moved_to_where_the_price_is_already(pit):
    stop = pit.sells("alice", 3, stop=95)
    assert pit.amends("alice", stop, trigger_price=100) == "WOULD_TRIGGER_AT_ONCE"
    assert pit.amends("bob", stop, trigger_price=98) == "ORDER_NOT_OPEN"
    assert pit.status(stop) == "pending_trigger"


def test_amending_what_an_order_does_not_have_is_refused(pit):
    market, lying = pit.sells("alice", 3, stop=95), pit.sells("alice", 3, at=103)
    assert pit.amends("alice", market, price=97) == "AMEND_INVALID"
    assert pit.amends("alice", lying, trigger_price=97) == "AMEND_INVALID"


def test_a_fall_through_many_stops_looks_at_each_of_them_once(monkeypatch):
    """However many trades it takes, at the same price and at lower ones."""
    reached, looked_at = Triggers.reached, []
    monkeypatch.setattr(
        Triggers, "reached", lambda *given: looked_at.append(reached(*given)) or looked_at[-1]
    )
    pit = Pit()
    for price in (100, 98, 97, 96, 95):
        pit.buys("carol", 10, at=price)
    stops = [pit.sells("alice", 1, stop=stop) for stop in (99, 98, 97) for _ in range(10)]
    pit.sells("bob", 11, at=98)
    assert {pit.slip(stop) for stop in stops} == {(1, 1, 0, "")}
    assert sorted(order for orders in looked_at for order in orders) == stops
