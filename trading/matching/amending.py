"""Changing a live order: smaller keeps its place, anything else comes in anew."""

from common.errors import ErrorCode
from trading.matching.book import Book
from trading.matching.commands import Amend, Place
from trading.matching.entering import arrive, ending, is_reached, would_take
from trading.matching.events import Amended, Event, Rearmed, Reduced
from trading.matching.level import BookOrder
from trading.matching.reducing import is_reducing, left_to_reduce
from trading.matching.refusal import Decision, Refusal, refuse
from trading.matching.terms import AUCTION, LIMIT, MATCHING, OPEN, POST_ONLY, PRICED_TYPES, Reason
from trading.matching.triggers import reserve_of


def amend(book: Book, command: Amend) -> Decision:
    order = book.orders.get(command.order_id)
    if order is None or order.account_id != command.account_id:
        return Refusal(ErrorCode.ORDER_NOT_OPEN)
    if order.waits or book.links.counterparts(order.order_id):
        return refuse(
            ErrorCode.AMEND_INVALID, "Linked orders cannot be changed; cancel them and place new ones."
        )
    return _rearm(book, order, command) if order.armed is not None else _amend_resting(book, order, command)


def _amend_resting(book: Book, order: BookOrder, command: Amend) -> Decision:
    if command.trigger_price is not None:
        return refuse(ErrorCode.AMEND_INVALID, "The order does not wait for a trigger.")
    price = order.limit if command.price is None else command.price
    quantity = order.quantity if command.quantity is None else command.quantity
    still_open = quantity - (order.quantity - order.open)
    if still_open <= 0:
        return refuse(ErrorCode.AMEND_INVALID, "The new quantity is not larger than what is done already.")
    smaller = price == order.price and still_open <= order.open
    if not _allowed(book.status, order, smaller):
        return refuse(ErrorCode.MARKET_NOT_OPEN, status=book.status)
    if not smaller:
        return _re_enter(book, order, price, quantity, still_open)
    less = order.open - still_open
    shrunk = Reduced(
        order.order_id, order.account_id, order.side, order.price, less, Reason.AMEND, resting=True
    )
    return [shrunk] if less else []


def _allowed(status: str, order: BookOrder, smaller: bool) -> bool:
    if status == POST_ONLY:
        return smaller or order.post_only
    return status in (OPEN, AUCTION)


def _re_enter(book: Book, order: BookOrder, price: int, quantity: int, still_open: int) -> Decision:
    """The order leaves its place and comes in anew, as if it had just arrived."""
    if order.post_only and book.status in MATCHING and would_take(book, order.side, price):
        return Refusal(ErrorCode.POST_ONLY_WOULD_TAKE)
    if is_reducing(order.conditions) and still_open > left_to_reduce(book, order):
        return Refusal(ErrorCode.REDUCE_ONLY)
    entry = Place(
        order.order_id, order.account_id, order.side, LIMIT, price, still_open,
        self_trade_prevention=order.self_trade_prevention,
    )  # fmt: skip
    arrival = arrive(book, entry)
    amended = Amended(
        order.order_id,
        order.account_id,
        order.side,
        order.limit,
        order.open,
        price,
        quantity,
        arrival.resting,
    )
    events: list[Event] = [amended, *arrival.events, *ending(order, price, arrival)]
    return events


def _rearm(book: Book, order: BookOrder, command: Amend) -> Decision:
    """Other terms for an order that waits for its trigger; it must not fire at once."""
    armed, conditions = order.armed, order.conditions
    assert armed is not None and conditions is not None and conditions.trigger is not None
    if book.status != OPEN:
        return refuse(ErrorCode.MARKET_NOT_OPEN, status=book.status)
    if command.price is not None and order.type not in PRICED_TYPES:
        return refuse(ErrorCode.AMEND_INVALID, "The order has no price of its own.")
    if command.trigger_price is not None and conditions.trigger.price is None:
        return refuse(ErrorCode.AMEND_INVALID, "A trailing order moves its trigger by itself.")
    price = order.price if command.price is None else command.price
    quantity = order.quantity if command.quantity is None else command.quantity
    trigger_price = armed.trigger_price if command.trigger_price is None else command.trigger_price
    if is_reached(order.side, order.type, trigger_price, book.prices.get(armed.source)):
        return Refusal(ErrorCode.WOULD_TRIGGER_AT_ONCE)
    reserve = reserve_of(order.side, order.type, price, trigger_price, conditions.trigger)
    rearmed = Rearmed(
        order.order_id, order.account_id, order.side, price, quantity, trigger_price, reserve,
        order.open, armed.reserve,
    )  # fmt: skip
    return [rearmed]
