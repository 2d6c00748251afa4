"""Exits of a bracket, when their entry has ended."""

from trading.matching.book import Book
from trading.matching.commands import Activate
from trading.matching.entering import ending, enter, second_reserve, start_of_trigger
from trading.matching.events import Activated, Cancelled, Event, Reduced, Traded
from trading.matching.level import BookOrder
from trading.matching.triggers import reserve_of
from trading.matching.walk import cancelled


def activate(book: Book, command: Activate) -> list[Event]:
    """The entry has ended: its exits become active for what it filled, or end with it."""
    exits = [book.orders[leg] for leg in book.links.legs.get(command.entry_id, ())]
    if not command.quantity:
        return [cancelled(order, command.reason) for order in exits]
    events: list[Event] = []
    reserved = None
    for order in exits:
        if any(_is_about(event, exits[0]) for event in events[1:]):
            break  # the first came to something at once; the other ends as its counterpart
        active = _activated(book, order, command.quantity, reserved)
        assert isinstance(active[0], Activated)
        reserved = active[0].reserve or active[0].price or 0
        events += active
    return events


def _is_about(event: Event, order: BookOrder) -> bool:
    """Whether an order traded or lost lots; that it took away another order of its owner is no matter."""
    if isinstance(event, Traded):
        return event.taker_order_id == order.order_id
    return isinstance(event, Cancelled | Reduced) and event.order_id == order.order_id


def _activated(book: Book, order: BookOrder, quantity: int, reserved: int | None) -> list[Event]:
    """`reserved`: what the exit before it keeps back per lot."""
    assert order.conditions is not None
    terms = order.conditions.trigger
    names = order.order_id, order.account_id, order.side, order.price, quantity
    if terms is None:
        arrival = enter(book, order, quantity, None)
        active = Activated(*names, arrival.resting, 0, None, None)
        return [active, *arrival.events, *ending(order, order.price, arrival)]
    price = book.prices.get(terms.source)
    trigger_price, extreme = start_of_trigger(order.side, order.type, terms, price)
    reserve = reserve_of(order.side, order.type, order.price, trigger_price, terms)
    if reserved is not None:
        reserve = second_reserve(order.side, reserve, reserved)
    return [Activated(*names, 0, reserve, trigger_price, extreme)]
