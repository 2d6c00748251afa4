"""A batch that fails is undone: the book is as it was to the last link, and the same batch can come again."""

import os
import random
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.matching.book import Book
from trading.matching.events import Deleveraged, Event, FundingMoved, RiskNoted
from trading.tests.drawn_commands import draw, drawn_commands
from trading.tests.duel import Duel
from trading.tests.pit import Pit

SEED = int(os.environ.get("UNDO_SEED", "20260315"))
COMMANDS = int(os.environ.get("UNDO_COMMANDS", "4000"))


def anatomy(book):
    """Everything a book is made of, links included."""
    sides = {
        side: {
            "keys": list(levels.keys),
            "levels": {
                price: (level.quantity, [order.order_id for order in level], backwards(level))
                for price, level in levels.levels.items()
            },
        }
        for side, levels in book.sides.items()
    }
    orders = {order_id: order.in_words() for order_id, order in book.orders.items()}
    by_account = {account: sorted(own) for account, own in book.by_account.items()}
    links = book.links.legs, book.links.group_of, book.links.entries
    market = book.status, book.auction_ends_at, dict(book.prices), list(book.expiring)
    return book.sequence, sides, orders, by_account, [dict(table) for table in links], market, waiting(book)


def waiting(book):
    """The sorted tables of what waits for a price."""
    triggers = book.triggers
    tables = (triggers._armed, triggers._trailing)
    rows = [{key: list(rows) for key, rows in table.items()} for table in tables]
    return rows, {source: triggers.watches(source) for source in ("last", "mark", "index")}


def backwards(level):
    queue, order = [], level.newest
    while order is not None:
        queue.append(order.order_id)
        order = order.older
    return queue


def assert_sound(book):
    """What must hold inside any book."""
    for side in book.sides.values():
        assert list(side.keys) == sorted(price * side.sign for price in side.levels)
        for price, level in side.levels.items():
            queue = list(level)
            assert queue and backwards(level) == [order.order_id for order in reversed(queue)]
            assert level.quantity == sum(order.open - order.hidden for order in queue)
            assert all(order.price == price and 0 < order.open <= order.quantity for order in queue)
            assert all(0 <= order.hidden < order.open for order in queue)
            assert all(book.orders[order.order_id] is order for order in queue)
    resting, waiting = list(book), list(book.waiting())
    assert len(resting) + len(waiting) == len(book.orders) == sum(map(len, book.by_account.values()))
    assert [order.order_id for order in waiting if order.armed] == [o.order_id for o in book.triggers]
    assert book.effects.take() is None


def carry_out_all(duel, commands):
    """The events of these commands, one after the other."""
    start = len(duel.pit.events)
    for drawn in commands:
        duel.carry_out_drawn(drawn)
    return duel.pit.events[start:]


def replay_all(book, events):
    for event in events:
        book.replay(event)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(drawn_commands, min_size=20, max_size=50), st.lists(drawn_commands, min_size=1, max_size=40))
def test_undone_commands_leave_no_trace_and_can_be_done_again(before, batch):
    duel = Duel()
    carry_out_all(duel, before)
    book = duel.pit.book
    as_it_was, hash_as_it_was = anatomy(book), book.state_hash()

    book.begin()
    events = carry_out_all(duel, batch)
    after, hash_after = anatomy(book), book.state_hash()
    book.undo()

    assert_sound(book)
    assert (anatomy(book), book.state_hash()) == (as_it_was, hash_as_it_was)
    book.begin()
    replay_all(book, events)
    assert (anatomy(book), book.state_hash()) == (after, hash_after)
    book.undo()
    assert (anatomy(book), book.state_hash()) == (as_it_was, hash_as_it_was)


@pytest.mark.timeout(240 + COMMANDS // 20)
def test_every_kind_of_command_of_a_long_day_can_be_undone():
    """Each is carried out, undone, and walked again from its events, on the same book.

    UNDO_SEED and UNDO_COMMANDS in the environment repeat or prolong the day.
    """
    chance, duel, seen = random.Random(SEED), Duel(), set()
    book = duel.pit.book
    for number in range(COMMANDS):
        as_it_was, hash_as_it_was = anatomy(book), book.state_hash()
        book.begin()
        events = carry_out_all(duel, [draw(chance)])
        hash_after = book.state_hash()
        book.undo()
        assert (anatomy(book), book.state_hash()) == (as_it_was, hash_as_it_was), number
        replay_all(book, events)
        assert book.state_hash() == hash_after, number
        assert_sound(book)
        seen |= {type(event) for event in events}
    assert seen == set(get_args(Event)) - {Deleveraged, FundingMoved, RiskNoted}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(drawn_commands, min_size=30, max_size=80))
def test_the_log_walked_again_gives_the_same_book_at_every_event(commands):
    duel, walked = Duel(), Book()
    for drawn in commands:
        replay_all(walked, carry_out_all(duel, [drawn]))
        assert walked.state_hash() == duel.pit.book.state_hash()
        assert anatomy(walked) == anatomy(duel.pit.book)
        assert_sound(walked)


def test_what_is_kept_stays():
    pit = Pit()
    pit.book.begin()
    pit.buys("alice", 5, at=99)
    pit.book.keep()
    pit.book.undo()
    assert pit.ladder() == ["buy 99 | alice 5"]


def test_an_order_amended_twice_in_a_batch_that_fails_is_back_between_its_neighbours():
    pit = Pit()
    pit.buys("alice", 5, at=99)
    order = pit.buys("bob", 5, at=99)
    pit.buys("carol", 5, at=99)
    before = anatomy(pit.book)
    pit.book.begin()
    pit.amends("bob", order, price=98)
    pit.cancels("alice", 1)
    pit.amends("bob", order, price=99, quantity=9)
    pit.sells("dave", 12, at=99)
    assert pit.ladder() == ["buy 99 | bob 2"]
    pit.book.undo()
    assert anatomy(pit.book) == before
    assert pit.ladder() == ["buy 99 | alice 5, bob 5, carol 5"]


def test_cancelling_all_goes_by_order_id_even_after_an_undo_has_shuffled_the_book():
    pit = Pit()
    first, second = pit.buys("alice", 5, at=99), pit.buys("alice", 5, at=98)
    pit.book.begin()
    pit.cancels("alice", first)
    pit.book.undo()
    pit.cancels_all("alice")
    assert [event.order_id for event in pit.events[-2:]] == [first, second]
