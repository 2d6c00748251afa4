"""One incoming order walking along the opposite side, best price first, oldest order first."""

from collections import deque

from trading.matching.book import Book
from trading.matching.commands import Place
from trading.matching.events import Cancelled, Event, Reduced, Refreshed, Traded
from trading.matching.level import BookOrder
from trading.matching.reducing import reducible
from trading.matching.terms import (
    BUY,
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    DECREMENT,
    FOK,
    OPPOSITE,
    Reason,
)

# An event from all its fields in order, at a third of what calling its class costs.
made = tuple.__new__


class Walk:
    """What an order would do to a book, as events; the book stays as it is.

    complete: filled, or its budget spent. stopped: why it must end although more could be traded.
    at_limit: its price allowed no more.
    """

    __slots__ = (
        "again", "at_limit", "book", "budget", "complete", "events", "order", "remaining", "stopped", "traded",
    )  # fmt: skip

    def __init__(self, book: Book, order: Place) -> None:
        self.book = book
        self.order = order
        self.remaining = order.quantity or 0
        self.budget = order.budget
        self.events: list[Event] = []
        self.again: deque[tuple[BookOrder, int]] = deque()  # refreshed icebergs, and what they have left
        self.traded = False
        self.complete = False
        self.at_limit = False
        self.stopped: Reason | None = None

    def run(self) -> None:
        order = self.order
        opposite = self.book.sides[OPPOSITE[order.side]]
        worst = order.price if order.protection is None else order.protection
        limit = None if worst is None else worst * opposite.sign
        for key in opposite.keys:
            if limit is not None and key > limit:
                self.at_limit = True
                return
            for maker in opposite.levels[key * opposite.sign]:
                self._meet(maker, maker.open - maker.hidden, maker.open)
                if self.complete or self.stopped is not None:
                    return
            while self.again:
                maker, left = self.again.popleft()
                self._meet(maker, left - maker.hidden_of(left), left)
                if self.complete or self.stopped is not None:
                    return

    def _meet(self, maker: BookOrder, shown: int, left: int) -> None:
        """`left` of the maker's lots are still there, `shown` of them can be had now."""
        wanted = self.remaining if self.budget is None else self.budget // maker.limit
        if wanted == 0:
            self._spend_up()
        elif maker.account_id == self.order.account_id:
            self._meet_own(maker, wanted, shown, left)
        elif maker.conditions is not None and maker.conditions.reduce_only:
            self._meet_reducing(maker, wanted, shown, left)
        else:
            self._trade(maker, wanted, shown, left)

    def _trade(self, maker: BookOrder, wanted: int, shown: int, left: int) -> None:
        quantity = wanted if wanted < shown else shown
        order = self.order
        price = maker.limit
        traded = (
            order.order_id, order.account_id, order.side, maker.order_id, maker.account_id, price, quantity,
        )  # fmt: skip
        self.events.append(made(Traded, traded))
        self.traded = True
        if quantity == shown and left > shown:
            self._refresh(maker, left - quantity)
        if self.budget is None:
            self.remaining -= quantity
            self.complete = self.remaining == 0
        else:
            self.budget -= quantity * price
            self.complete = self.budget < price  # no lot left, for later prices are no better

    def _meet_reducing(self, maker: BookOrder, wanted: int, shown: int, left: int) -> None:
        """The order closes no more than its owner has by now, after what this walk has traded with others of theirs."""
        moved = 0
        for event in self.events:
            if type(event) is Traded and event.maker_account_id == maker.account_id:
                moved += event.quantity if maker.side == BUY else -event.quantity
        allowed = min(left, reducible(self.book, maker.account_id, maker.side, moved))
        if allowed:
            self._trade(maker, wanted, allowed, allowed)
        if allowed < left and wanted >= allowed:
            self.events.append(cancelled(maker, Reason.REDUCE_ONLY, left - allowed))

    def _refresh(self, maker: BookOrder, left: int) -> None:
        """The slice is used up: the iceberg shows another one and stands behind everybody at its price."""
        shown = left - maker.hidden_of(left)
        self.events.append(Refreshed(maker.order_id, maker.account_id, maker.side, maker.limit, shown))
        self.again.append((maker, left))

    def _spend_up(self) -> None:
        """What is left of the budget is below one lot: the order is done."""
        if self.traded:
            self.complete = True
        else:
            self.stopped = Reason.BELOW_ONE_LOT

    def _meet_own(self, maker: BookOrder, wanted: int, shown: int, left: int) -> None:
        """Nobody trades with themself: the incoming order's choice says which of the two gives way."""
        choice = self.order.self_trade_prevention
        if choice == CANCEL_NEWEST or (choice == DECREMENT and self.order.time_in_force == FOK):
            self.stopped = Reason.SELF_TRADE
        elif choice == CANCEL_OLDEST:
            self.events.append(cancelled(maker, Reason.SELF_TRADE, left))
        elif choice == CANCEL_BOTH:
            self.events.append(cancelled(maker, Reason.SELF_TRADE, left))
            self.stopped = Reason.SELF_TRADE
        else:
            self._decrement(maker, min(wanted, shown), shown, left)

    def _decrement(self, maker: BookOrder, quantity: int, shown: int, left: int) -> None:
        """Both orders become smaller by the smaller of the two; the one at zero is gone."""
        order = self.order
        if quantity == left:
            self.events.append(cancelled(maker, Reason.SELF_TRADE, left))
        else:
            self.events.append(
                Reduced(
                    maker.order_id, maker.account_id, maker.side, maker.price, quantity,
                    Reason.SELF_TRADE, resting=True,
                )
            )  # fmt: skip
            if quantity == shown:
                self._refresh(maker, left - quantity)
        if self.budget is not None:
            self.budget -= quantity * maker.limit
            if self.budget < maker.limit:
                self.stopped = Reason.SELF_TRADE
            return
        if quantity == self.remaining:
            self.stopped = Reason.SELF_TRADE
            return
        self.remaining -= quantity
        self.events.append(
            Reduced(
                order.order_id, order.account_id, order.side, order.price, quantity,
                Reason.SELF_TRADE, resting=False,
            )
        )  # fmt: skip


def cancelled(order: BookOrder, reason: Reason, open: int | None = None) -> Cancelled:
    """What is open of a live order ends; `open` if a walk has made it smaller than the book knows."""
    armed = order.armed
    fields = (
        order.order_id, order.account_id, order.side, order.price, order.open if open is None else open, reason,
        armed is None and not order.waits, 0 if armed is None else armed.reserve,
    )  # fmt: skip
    return made(Cancelled, fields)
