"""The mixed flow of the core's benchmark: 50 % limit orders, 10 % market orders, 40 % cancels, on a standing book."""

import random
from collections.abc import Iterator
from typing import NamedTuple

from trading.matching.book import Book
from trading.matching.commands import Cancel, Command, Place
from trading.matching.decide import decide
from trading.matching.events import Event
from trading.matching.follow_up import follow_up
from trading.matching.terms import BUY, IOC, MARKET, SELL

RESTING = 10_000
MIDDLE = 100_000  # in ticks; bids lie below it, asks above
DEEPEST = 500  # ticks from the middle
LARGEST = 100  # lots of an order
NOW = 0


class Flow(NamedTuple):
    """The orders that stand when measuring begins, and the commands that are measured.

    Order ids count from 1 in the order of placing, so that an engine that counts by itself has the same ones.
    """

    standing: list[Place]
    commands: list[Place | Cancel]


def mixed_flow(commands: int, seed: int = 1) -> Flow:
    """The same for the same seed. Every cancel meets an order that is open, every market order finds enough."""
    chance = random.Random(seed)
    book = Book()
    ids = iter(range(1, RESTING + commands + 1))
    standing = [_limit(chance, next(ids)) for _ in range(RESTING)]
    for order in standing:
        carry_out(book, order)
    return Flow(standing, list(_measured(chance, book, ids, commands)))


def carry_out(book: Book, command: Command) -> list[Event]:
    """As the matching service does it: decide, apply, and whatever follows from it; gives the events."""
    events: list[Event] = []
    following: Command | None = command
    while following is not None:
        decision = decide(book, following)
        assert type(decision) is list, decision
        for event in decision:
            book.apply(event)
        events += decision
        following = follow_up(book, NOW)
    return events


def _measured(
    chance: random.Random, book: Book, ids: Iterator[int], commands: int
) -> Iterator[Place | Cancel]:
    """Played on the book as they are made: only what is open can be cancelled."""
    open_ids = _Bag(list(book.orders))
    for _ in range(commands):
        kind = chance.random()
        command: Place | Cancel
        if kind < 0.5:
            command = _limit(chance, next(ids))
            open_ids.add(command.order_id)
        elif kind < 0.6:
            command = _market(chance, next(ids))
        else:
            order_id = open_ids.take(chance, book)
            command = Cancel(order_id, book.orders[order_id].account_id)
        carry_out(book, command)
        yield command


class _Bag:
    """Order ids to draw from; what has been filled meanwhile is passed over."""

    def __init__(self, ids: list[int]) -> None:
        self._ids = ids

    def add(self, order_id: int) -> None:
        self._ids.append(order_id)

    def take(self, chance: random.Random, book: Book) -> int:
        while True:
            index = chance.randrange(len(self._ids))
            order_id, self._ids[index] = self._ids[index], self._ids[-1]
            self._ids.pop()
            if order_id in book.orders:
                return order_id


def _limit(chance: random.Random, order_id: int) -> Place:
    """It rests: the two sides never meet. Of one of 50 accounts that only rest."""
    side = chance.choice((BUY, SELL))
    distance = chance.randint(1, DEEPEST)
    price = MIDDLE - distance if side == BUY else MIDDLE + distance
    return Place(order_id, chance.randint(1, 50), side, price=price, quantity=chance.randint(1, LARGEST))


def _market(chance: random.Random, order_id: int) -> Place:
    """Takes about one order, at times a part of one and at times several."""
    side = chance.choice((BUY, SELL))
    quantity = chance.randint(1, LARGEST)
    return Place(order_id, chance.randint(51, 100), side, MARKET, quantity=quantity, time_in_force=IOC)
