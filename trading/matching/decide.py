"""What a command would do to a book: the rules of matching, as pure functions.

Nothing here changes the book. The caller applies the events, or, when funds do not allow it, forgets them.
"""

from collections.abc import Callable
from typing import Any

from common.errors import ErrorCode
from trading.matching.activating import activate
from trading.matching.amending import amend
from trading.matching.auction import uncross
from trading.matching.book import Book
from trading.matching.commands import (
    Activate,
    Advance,
    Amend,
    Cancel,
    CancelAll,
    Command,
    Place,
    PlaceLinked,
    Record,
    SetStatus,
    Shrink,
    Trigger,
    Unlink,
)
from trading.matching.entering import place, place_linked, trigger
from trading.matching.events import Event, PriceMoved, Reduced, StatusChanged
from trading.matching.refusal import Decision, Refusal
from trading.matching.terms import INDEX, MARK, MATCHING, Reason
from trading.matching.walk import cancelled

__all__ = ["Decision", "Refusal", "decide"]


def decide(book: Book, command: Command) -> Decision:
    """The events that the command causes, in order, or why it is refused."""
    return _DECIDERS[type(command)](book, command)


def _cancel(book: Book, command: Cancel) -> Decision:
    order = book.orders.get(command.order_id)
    if order is None or order.account_id != command.account_id:
        return Refusal(ErrorCode.ORDER_NOT_OPEN)
    return [cancelled(order, command.reason)]


def _cancel_all(book: Book, command: CancelAll) -> Decision:
    # By id, and not as the dictionary has them: undone changes leave it in another order.
    own = sorted(book.by_account.get(command.account_id, {}).items())
    return [cancelled(order, command.reason) for _, order in own]


def _advance(book: Book, command: Advance) -> Decision:
    """What has expired ends, and prices from outside move what waits for them: of a market that is not open yet
    too, for as it opens triggers are judged at the prices of then."""
    due = book.expiring.irange(maximum=(command.now + 1,), inclusive=(True, False))
    events: list[Event] = [cancelled(book.orders[order_id], Reason.EXPIRED) for _, order_id in due]
    for source, price in ((MARK, command.mark_price), (INDEX, command.index_price)):
        if price is not None and price != book.prices.get(source):
            events.append(PriceMoved(source, price))
    return events


def _set_status(book: Book, command: SetStatus) -> Decision:
    """Into a state in which orders trade only through one price for all that crosses."""
    if (command.status, command.ends_at) == (book.status, book.auction_ends_at):
        return []
    events = uncross(book) if command.status in MATCHING else []
    return [*events, StatusChanged(command.status, command.reason, command.ends_at)]


def _unlink(book: Book, command: Unlink) -> Decision:
    return [cancelled(book.orders[command.order_id], command.reason)]


def _shrink(book: Book, command: Shrink) -> Decision:
    order = book.orders[command.order_id]
    if command.quantity >= order.open:
        return [cancelled(order, Reason.REDUCE_ONLY)]
    return [
        Reduced(
            order.order_id, order.account_id, order.side, order.price, command.quantity,
            Reason.REDUCE_ONLY, resting=True,
        )
    ]  # fmt: skip


def _record(book: Book, command: Record) -> Decision:
    return [command.event]


_DECIDERS: dict[type, Callable[[Book, Any], Decision]] = {
    Place: place,
    PlaceLinked: place_linked,
    Cancel: _cancel,
    CancelAll: _cancel_all,
    Amend: amend,
    Advance: _advance,
    SetStatus: _set_status,
    Trigger: trigger,
    Unlink: _unlink,
    Activate: activate,
    Shrink: _shrink,
    Record: _record,
}
