"""Orders that wait for a price, sorted by when they would fire."""

from collections.abc import Iterator

from sortedcontainers import SortedList

from trading.matching.level import Armed, BookOrder
from trading.matching.terms import (
    BUY,
    MILLION,
    PRICED_TYPES,
    SOURCES,
    TAKE_PROFIT_TYPES,
    TriggerTerms,
)

Trailed = tuple[BookOrder, int, int]  # an order, its trigger and extreme before


def fires_rising(side: str, type: str) -> bool:
    """Stops fire when the price moves against who waits, take-profits when it moves their way."""
    return (side == BUY) != (type in TAKE_PROFIT_TYPES)


def trailing_trigger(rises: bool, extreme: int, terms: TriggerTerms) -> int:
    """How far the trigger stays behind the best price of the source: `trail` ticks, or a share of that price."""
    trail = terms.trail
    if trail is None:
        assert terms.trail_rate is not None
        trail = max(1, extreme * terms.trail_rate // MILLION)
    return extreme + trail if rises else extreme - trail


def worst_price(side: str, trigger_price: int, terms: TriggerTerms) -> int:
    """How far from its trigger an order that enters as a market order may trade."""
    if side == BUY:
        return trigger_price + trigger_price * terms.protection_rate // MILLION
    return max(1, trigger_price - trigger_price * terms.protection_rate // MILLION)


def reserve_of(side: str, type: str, price: int | None, trigger_price: int, terms: TriggerTerms) -> int:
    """What a waiting order keeps back per lot, so that it can be paid when it enters: ticks, or 1 lot of a sell."""
    if side != BUY:
        return 1
    if type in PRICED_TYPES:
        assert price is not None
        return price
    return worst_price(BUY, trigger_price, terms)


class Triggers:
    """For each source: orders by trigger, in the direction in which they fire, and trailing ones by extreme."""

    def __init__(self) -> None:
        self._armed: dict[tuple[str, bool], SortedList] = {
            (source, rises): SortedList() for source in SOURCES for rises in (True, False)
        }
        self._trailing: dict[tuple[str, bool], SortedList] = {key: SortedList() for key in self._armed}
        self._orders: dict[int, BookOrder] = {}
        self._watchers = dict.fromkeys(SOURCES, 0)

    def __iter__(self) -> Iterator[BookOrder]:
        """Waiting orders by id."""
        return (self._orders[order_id] for order_id in sorted(self._orders))

    def watches(self, source: str) -> bool:
        """Exits that wait for their entry count: a price that nobody had watched would be old when they need it."""
        return self._watchers[source] > 0

    def add(self, order: BookOrder) -> None:
        self._count(order, 1)
        if order.armed is not None:
            self._orders[order.order_id] = order
            self._sort_in(order)

    def remove(self, order: BookOrder) -> None:
        self._count(order, -1)
        if order.armed is not None:
            self._sort_out(order)
            del self._orders[order.order_id]

    def _count(self, order: BookOrder, by: int) -> None:
        if order.conditions is not None and order.conditions.trigger is not None:
            self._watchers[order.conditions.trigger.source] += by

    def reset(self, order: BookOrder, trigger_price: int, extreme: int) -> None:
        """Another trigger and extreme of a trailing order."""
        self._sort_out(order)
        armed = _armed(order)
        armed.trigger_price, armed.extreme = trigger_price, extreme
        self._sort_in(order)

    def trail(self, source: str, price: int) -> list[Trailed]:
        """Trailing orders follow a price that is better than any before; as they were, to undo it."""
        trailed: list[Trailed] = []
        for rises in (True, False):
            behind = self._trailing[source, rises]
            key = -price if rises else price
            for order_id in [row[-1] for row in behind.irange(maximum=(key,), inclusive=(True, False))]:
                order = self._orders[order_id]
                armed, terms = _armed(order), _terms(order)
                assert armed.extreme is not None
                trailed.append((order, armed.trigger_price, armed.extreme))
                self.reset(order, trailing_trigger(rises, price, terms), price)
        return trailed

    def reached(self, source: str, before: int | None, price: int) -> list[int]:
        """The orders that fire at a price of the source and did not at the one before: rising ones first, the
        earliest trigger first. A fall through many stops looks at each of them once."""
        up = _between(self._armed[source, True], before, price)
        down = _between(self._armed[source, False], None if before is None else -before, -price)
        return [row[-1] for row in (*up, *down)]

    def _sort_in(self, order: BookOrder) -> None:
        armed = _armed(order)
        key = armed.source, armed.rises
        self._armed[key].add(_row(order, armed, armed.trigger_price))
        if armed.extreme is not None:
            self._trailing[key].add(_row(order, armed, -armed.extreme))

    def _sort_out(self, order: BookOrder) -> None:
        armed = _armed(order)
        key = armed.source, armed.rises
        self._armed[key].remove(_row(order, armed, armed.trigger_price))
        if armed.extreme is not None:
            self._trailing[key].remove(_row(order, armed, -armed.extreme))


def _row(order: BookOrder, armed: Armed, price: int) -> tuple[int, int, int]:
    return (price if armed.rises else -price), order.place, order.order_id


def _between(rows: SortedList, before: int | None, price: int) -> Iterator[tuple[int, int, int]]:
    """Rows beyond the one key and up to the other."""
    after = None if before is None else (before + 1,)
    return iter(rows.irange(after, (price + 1,), inclusive=(True, False)))


def _armed(order: BookOrder) -> Armed:
    assert order.armed is not None
    return order.armed


def _terms(order: BookOrder) -> TriggerTerms:
    assert order.conditions is not None and order.conditions.trigger is not None
    return order.conditions.trigger
