"""What a command would do to a book: the rules of matching, as pure functions.

Nothing here changes the book. The caller applies the events, or, when funds do not allow it, forgets them.
"""

from typing import Any, NamedTuple

from common.errors import ErrorCode
from trading.matching.book import Book
from trading.matching.commands import Amend, Cancel, CancelAll, Command, Place
from trading.matching.events import Accepted, Amended, Cancelled, Event, Reduced, Traded
from trading.matching.level import BookOrder
from trading.matching.terms import (
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    DECREMENT,
    FOK,
    GTC,
    LIMIT,
    MARKET,
    OPPOSITE,
    Reason,
)


class Refusal(NamedTuple):
    """A command that is refused, as a value: refusals are normal."""

    code: ErrorCode
    message: str = ""
    details: dict[str, Any] = {}


Decision = list[Event] | Refusal


def decide(book: Book, command: Command) -> Decision:
    """The events that the command causes, in order, or why it is refused."""
    if type(command) is Place:
        return _place(book, command)
    if type(command) is Cancel:
        return _cancel(book, command)
    if type(command) is Amend:
        return _amend(book, command)
    assert type(command) is CancelAll
    # By id, and not as the dictionary has them: undone changes leave it in another order.
    own = sorted(book.by_account.get(command.account_id, {}).items())
    return [_cancelled(order, command.reason) for _, order in own]


def _place(book: Book, order: Place) -> Decision:
    if order.post_only and _would_take(book, order.side, order.price):
        return Refusal(ErrorCode.POST_ONLY_WOULD_TAKE)
    match = _Match(book, order)
    match.run()
    rest = match.remaining
    resting = (
        rest if rest and match.stopped is None and order.type == LIMIT and order.time_in_force == GTC else 0
    )
    if order.time_in_force == FOK and not match.complete:
        match.events, rest, match.stopped = [], order.quantity or 0, Reason.FOK_NOT_FILLABLE
    accepted = Accepted(
        order.order_id, order.account_id, order.side, order.type, order.time_in_force, order.post_only,
        order.self_trade_prevention, order.price, order.quantity, order.budget, resting,
    )  # fmt: skip
    events: list[Event] = [accepted, *match.events]
    reason = _why_it_ended(order, match) if not resting else None
    if reason is not None:
        events.append(
            Cancelled(order.order_id, order.account_id, order.side, order.price, rest, reason, resting=False)
        )
    return events


def _why_it_ended(order: Place, match: "_Match") -> Reason | None:
    """Why an order that does not rest ended before it was filled; None if it was filled."""
    if match.stopped is not None:
        return match.stopped
    if match.complete:
        return None
    return Reason.NO_LIQUIDITY if order.type == MARKET else Reason.IOC_REMAINDER


def _cancel(book: Book, command: Cancel) -> Decision:
    order = book.orders.get(command.order_id)
    if order is None or order.account_id != command.account_id:
        return Refusal(ErrorCode.ORDER_NOT_OPEN)
    return [_cancelled(order, command.reason)]


def _amend(book: Book, command: Amend) -> Decision:
    order = book.orders.get(command.order_id)
    if order is None or order.account_id != command.account_id:
        return Refusal(ErrorCode.ORDER_NOT_OPEN)
    price = order.price if command.price is None else command.price
    quantity = order.quantity if command.quantity is None else command.quantity
    still_open = quantity - (order.quantity - order.open)
    if still_open <= 0:
        return Refusal(ErrorCode.AMEND_INVALID, "The new quantity is not larger than what is done already.")
    if price == order.price and still_open <= order.open:
        less = order.open - still_open
        shrunk = Reduced(
            order.order_id, order.account_id, order.side, order.price, less, Reason.AMEND, resting=True
        )
        return [shrunk] if less else []
    return _re_enter(book, order, price, quantity, still_open)


def _re_enter(book: Book, order: BookOrder, price: int, quantity: int, still_open: int) -> Decision:
    """The order leaves its place and comes in anew, as if it had just arrived."""
    if order.post_only and _would_take(book, order.side, price):
        return Refusal(ErrorCode.POST_ONLY_WOULD_TAKE)
    entry = Place(
        order.order_id, order.account_id, order.side, LIMIT, price, still_open,
        self_trade_prevention=order.self_trade_prevention,
    )  # fmt: skip
    match = _Match(book, entry)
    match.run()
    resting = match.remaining if match.stopped is None else 0
    amended = Amended(
        order.order_id, order.account_id, order.side, order.price, order.open, price, quantity, resting
    )
    events: list[Event] = [amended, *match.events]
    if match.stopped is not None:
        events.append(
            Cancelled(
                order.order_id,
                order.account_id,
                order.side,
                price,
                match.remaining,
                match.stopped,
                resting=False,
            )
        )
    return events


def _would_take(book: Book, side: str, price: int | None) -> bool:
    opposite = book.sides[OPPOSITE[side]]
    best = opposite.best()
    return best is not None and price is not None and best * opposite.sign <= price * opposite.sign


def _cancelled(order: BookOrder, reason: Reason) -> Cancelled:
    return Cancelled(
        order.order_id, order.account_id, order.side, order.price, order.open, reason, resting=True
    )


class _Match:
    """One incoming order walking along the opposite side, best price first, oldest order first."""

    __slots__ = ("book", "budget", "complete", "events", "order", "remaining", "stopped", "traded")

    def __init__(self, book: Book, order: Place) -> None:
        self.book = book
        self.order = order
        self.remaining = order.quantity or 0
        self.budget = order.budget
        self.events: list[Event] = []
        self.traded = False
        self.complete = False
        self.stopped: Reason | None = None

    def run(self) -> None:
        order = self.order
        opposite = self.book.sides[OPPOSITE[order.side]]
        limit = None if order.price is None else order.price * opposite.sign
        for key in opposite.keys:
            if limit is not None and key > limit:
                return
            for maker in opposite.levels[key * opposite.sign]:
                wanted = self.remaining if self.budget is None else self.budget // maker.price
                if wanted == 0:
                    self._spend_up()
                elif maker.account_id == order.account_id:
                    self._meet_own(maker, wanted)
                else:
                    self._trade(maker, wanted)
                if self.complete or self.stopped is not None:
                    return

    def _trade(self, maker: BookOrder, wanted: int) -> None:
        quantity = wanted if wanted < maker.open else maker.open
        order = self.order
        self.events.append(
            Traded(
                order.order_id, order.account_id, order.side,
                maker.order_id, maker.account_id, maker.price, quantity,
            )
        )  # fmt: skip
        self.traded = True
        if self.budget is None:
            self.remaining -= quantity
            self.complete = self.remaining == 0
        else:
            self.budget -= quantity * maker.price
            self.complete = self.budget < maker.price  # no lot left, for later prices are no better

    def _spend_up(self) -> None:
        """What is left of the budget is below one lot: the order is done."""
        if self.traded:
            self.complete = True
        else:
            self.stopped = Reason.BELOW_ONE_LOT

    def _meet_own(self, maker: BookOrder, wanted: int) -> None:
        """Nobody trades with themself: the incoming order's choice says which of the two gives way."""
        choice = self.order.self_trade_prevention
        if choice == CANCEL_NEWEST or (choice == DECREMENT and self.order.time_in_force == FOK):
            self.stopped = Reason.SELF_TRADE
        elif choice == CANCEL_OLDEST:
            self.events.append(_cancelled(maker, Reason.SELF_TRADE))
        elif choice == CANCEL_BOTH:
            self.events.append(_cancelled(maker, Reason.SELF_TRADE))
            self.stopped = Reason.SELF_TRADE
        else:
            self._decrement(maker, wanted)

    def _decrement(self, maker: BookOrder, wanted: int) -> None:
        """Both orders become smaller by the smaller of the two; the one at zero is gone."""
        order = self.order
        quantity = min(wanted, maker.open)
        if quantity == maker.open:
            self.events.append(_cancelled(maker, Reason.SELF_TRADE))
        else:
            self.events.append(
                Reduced(
                    maker.order_id, maker.account_id, maker.side, maker.price, quantity,
                    Reason.SELF_TRADE, resting=True,
                )
            )  # fmt: skip
        if self.budget is not None:
            self.budget -= quantity * maker.price
            if self.budget < maker.price:
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
