"""The flow of the core's benchmark is what its description says."""

from collections import Counter

from benchmarks.core_flow import RESTING, carry_out, mixed_flow
from trading.matching.book import Book
from trading.matching.commands import Cancel
from trading.matching.events import Cancelled, Traded

COMMANDS = 5_000


def kind(command):
    return "cancel" if isinstance(command, Cancel) else command.type


def test_the_mix_on_a_book_that_stays_as_deep_as_it_was():
    flow = mixed_flow(COMMANDS)
    book = Book()
    for order in flow.standing:
        assert [type(event).__name__ for event in carry_out(book, order)] == ["Accepted"]
    events = [event for command in flow.commands for event in carry_out(book, command)]

    shares = {name: count / COMMANDS for name, count in Counter(map(kind, flow.commands)).items()}
    assert abs(shares["limit"] - 0.5) < 0.03 and abs(shares["market"] - 0.1) < 0.03
    assert abs(len(book.orders) - RESTING) < RESTING * 0.05
    assert sum(isinstance(event, Cancelled) for event in events) == sum(
        isinstance(command, Cancel) for command in flow.commands
    )
    assert any(isinstance(event, Traded) for event in events)


def test_the_same_seed_gives_the_same_flow():
    assert mixed_flow(500) == mixed_flow(500) != mixed_flow(500, seed=2)
