"""A perpetual's book knows positions and reduce-only orders, and forgets what is undone."""

from trading.matching import commands
from trading.matching.book import Book
from trading.matching.decide import decide
from trading.matching.events import Deleveraged, FundingMoved, RiskNoted
from trading.matching.follow_up import follow_up
from trading.matching.terms import Conditions

ALICE, BOB = 1, 2
REDUCING = Conditions(reduce_only=True)


def perpetual():
    """Alice is long 10, Bob short 10; her order to sell 8 of them lies in the book."""
    book = Book()
    book.positions = {ALICE: 10, BOB: -10}
    carry_out(book, commands.Place(1, ALICE, "sell", price=100, quantity=8, conditions=REDUCING))
    return book


def carry_out(book, command):
    book.apply_all(decide(book, command))
    while (necessary := follow_up(book, 0)) is not None:
        book.apply_all(decide(book, necessary))


def state(book):
    return book.state_hash(), dict(book.positions), dict(book.reducing), book.sequence


def assert_undone(book, *several):
    before = state(book)
    book.begin()
    for command in several:
        carry_out(book, command)
    assert state(book) != before
    book.undo()
    assert state(book) == before


def test_a_trade_moves_both_positions_and_can_be_undone():
    book = perpetual()
    assert_undone(book, commands.Place(2, BOB, "buy", price=100, quantity=3))
    carry_out(book, commands.Place(2, BOB, "buy", price=100, quantity=3))
    assert book.positions == {ALICE: 7, BOB: -7}


def test_an_order_that_shrank_with_its_position_is_whole_again():
    book = perpetual()
    closing = commands.Record(Deleveraged(ALICE, "sell", BOB, 100, 5))
    assert_undone(book, closing)
    carry_out(book, closing)
    assert (book.positions, book.orders[1].open) == ({ALICE: 5, BOB: -5}, 5)


def test_an_order_that_ended_with_its_position_comes_back():
    book = perpetual()
    closing = commands.Record(Deleveraged(ALICE, "sell", BOB, 100, 10))
    assert_undone(book, closing)
    carry_out(book, closing)
    assert (book.positions, book.orders, book.reducing) == ({}, {}, {})


def test_what_is_only_told_changes_nothing_but_the_sequence():
    book = perpetual()
    funding = commands.Record(FundingMoved(10_000, 100, 5))
    noted = commands.Record(RiskNoted(ALICE, "leverage", {"leverage": 3, "mode": "cross"}))
    assert_undone(book, funding, noted)
