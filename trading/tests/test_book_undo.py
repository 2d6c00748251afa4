"""A batch that fails is undone: the book is as it was to the last link, and the same batch can come again."""

from hypothesis import given, settings
from hypothesis import strategies as st

from trading.matching.book import Book
from trading.tests.pit import Pit
from trading.tests.test_matching_against_reference import Duel, numbers


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
    orders = {
        order_id: (order.account_id, order.side, order.price, order.quantity, order.open)
        for order_id, order in book.orders.items()
    }
    by_account = {account: sorted(own) for account, own in book.by_account.items()}
    return book.sequence, sides, orders, by_account


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
            assert level.quantity == sum(order.open for order in queue)
            assert all(order.price == price and 0 < order.open <= order.quantity for order in queue)
            assert all(book.orders[order.order_id] is order for order in queue)
    assert sum(1 for _ in book) == len(book.orders) == sum(len(own) for own in book.by_account.values())


def carry_out_all(duel, commands):
    """The events of these commands, one after the other."""
    start = len(duel.pit.events)
    for drawn in commands:
        duel.carry_out(duel.command(*drawn))
    return duel.pit.events[start:]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(numbers, min_size=20, max_size=50), st.lists(numbers, min_size=1, max_size=40))
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
    book.apply_all(events)
    assert (anatomy(book), book.state_hash()) == (after, hash_after)
    book.undo()
    assert (anatomy(book), book.state_hash()) == (as_it_was, hash_as_it_was)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(numbers, min_size=30, max_size=80))
def test_the_log_walked_again_gives_the_same_book_at_every_event(commands):
    duel, walked = Duel(), Book()
    for drawn in commands:
        start = len(duel.pit.events)
        duel.carry_out(duel.command(*drawn))
        walked.apply_all(duel.pit.events[start:])
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
