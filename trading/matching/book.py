"""An order book in price-time order, changed by events only."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from trading.matching.events import Accepted, Amended, Cancelled, Event, Reduced, Traded
from trading.matching.level import BookOrder, BookSide
from trading.matching.terms import BUY, OPPOSITE, SELL, Reason

Undo = tuple[Callable[..., None], tuple[Any, ...]]


class Book:
    """One market's resting orders, at a sequence: the number of events that made it.

    Between `begin` and `keep` the book remembers how to go back, so that a batch that fails can be undone.
    """

    def __init__(self, sequence: int = 0) -> None:
        self.sequence = sequence
        self.sides = {BUY: BookSide(BUY), SELL: BookSide(SELL)}
        self.orders: dict[int, BookOrder] = {}
        self.by_account: dict[int, dict[int, BookOrder]] = {}
        self._undo: list[Undo] | None = None
        self._sequence_at_begin = sequence
        self._appliers: dict[type, Callable[[Any], None]] = {
            Accepted: self._accepted,
            Traded: self._traded,
            Cancelled: self._cancelled,
            Reduced: self._reduced,
            Amended: self._amended,
        }

    # ---- change ----

    def apply(self, event: Event) -> None:
        self._appliers[type(event)](event)
        self.sequence += 1

    def apply_all(self, events: Iterable[Event]) -> None:
        for event in events:
            self.apply(event)

    def begin(self) -> None:
        self._undo = []
        self._sequence_at_begin = self.sequence

    def keep(self) -> None:
        self._undo = None

    def undo(self) -> None:
        """Back to `begin`, exactly: every order in its old place."""
        steps, self._undo = self._undo or [], None
        for step, arguments in reversed(steps):
            step(*arguments)
        self.sequence = self._sequence_at_begin

    def add(self, order: BookOrder) -> None:
        """Put an order at the end of its level. For `apply`, and for loading a book from its rows."""
        level = self.sides[order.side].level_at(order.price)
        level.append(order)
        level.quantity += order.open
        self._register(order)
        if self._undo is not None:
            self._undo.append((self._take_out, (order,)))

    # ---- look ----

    def is_crossed(self) -> bool:
        bid, ask = self.sides[BUY].best(), self.sides[SELL].best()
        return bid is not None and ask is not None and bid >= ask

    def __iter__(self) -> Iterator[BookOrder]:
        """All orders, bids then asks, in the order in which they would trade."""
        for side in self.sides.values():
            for key in side.keys:
                yield from side.levels[key * side.sign]

    def state_hash(self) -> str:
        """SHA-256 of the sequence and every order in its place: equal books have equal hashes."""
        digest = hashlib.sha256(str(self.sequence).encode())
        for order in self:
            place = f"|{order.order_id},{order.account_id},{order.side},{order.price},{order.open},{order.quantity}"
            digest.update(place.encode())
        return digest.hexdigest()

    # ---- one method per kind of event ----

    def _accepted(self, event: Accepted) -> None:
        if event.resting:
            assert event.price is not None and event.quantity is not None
            self.add(
                BookOrder(
                    event.order_id, event.account_id, event.side, event.price, event.quantity, event.resting,
                    event.post_only, event.self_trade_prevention,
                )
            )  # fmt: skip

    def _traded(self, event: Traded) -> None:
        maker = self.orders[event.maker_order_id]
        assert maker.price == event.price and maker.side == OPPOSITE[event.taker_side]
        self._shrink(maker, event.quantity)

    def _cancelled(self, event: Cancelled) -> None:
        if event.resting:
            order = self.orders[event.order_id]
            assert event.quantity == order.open
            self._shrink(order, event.quantity)

    def _reduced(self, event: Reduced) -> None:
        if event.resting:
            order = self.orders[event.order_id]
            if event.reason == Reason.AMEND:
                self._set(order, order.price, order.quantity - event.quantity, order.open)
            self._shrink(order, event.quantity)
            assert order.open > 0

    def _amended(self, event: Amended) -> None:
        order = self.orders[event.order_id]
        assert (order.price, order.open) == (event.old_price, event.old_open)
        self._shrink(order, order.open)
        if event.resting:
            self._set(order, event.price, event.quantity, event.resting)
            self.add(order)

    # ---- primitives, each with its way back ----

    def _shrink(self, order: BookOrder, quantity: int) -> None:
        """Take lots off an order; it leaves when nothing is open."""
        side = self.sides[order.side]
        level = side.levels[order.price]
        order.open -= quantity
        level.quantity -= quantity
        assert order.open >= 0, f"order {order.order_id} overdrawn"
        if not order.open:
            level.unlink(order)
            side.drop_if_empty(order.price, level)
            self._unregister(order)
        if self._undo is not None:
            # The links are written down: an order that re-enters elsewhere gets new ones.
            self._undo.append((self._grow, (order, quantity, order.older, order.newer)))

    def _grow(
        self, order: BookOrder, quantity: int, older: BookOrder | None, newer: BookOrder | None
    ) -> None:
        level = self.sides[order.side].level_at(order.price)
        if not order.open:
            order.older, order.newer = older, newer
            level.relink(order)
            self._register(order)
        order.open += quantity
        level.quantity += quantity

    def _take_out(self, order: BookOrder) -> None:
        side = self.sides[order.side]
        level = side.levels[order.price]
        level.quantity -= order.open
        level.unlink(order)
        side.drop_if_empty(order.price, level)
        self._unregister(order)

    def _set(self, order: BookOrder, price: int, quantity: int, open: int) -> None:
        if self._undo is not None:
            self._undo.append((_restore, (order, order.price, order.quantity, order.open)))
        order.price, order.quantity, order.open = price, quantity, open

    def _register(self, order: BookOrder) -> None:
        self.orders[order.order_id] = order
        self.by_account.setdefault(order.account_id, {})[order.order_id] = order

    def _unregister(self, order: BookOrder) -> None:
        del self.orders[order.order_id]
        own = self.by_account[order.account_id]
        del own[order.order_id]
        if not own:
            del self.by_account[order.account_id]


def _restore(order: BookOrder, price: int, quantity: int, open: int) -> None:
    order.price, order.quantity, order.open = price, quantity, open
