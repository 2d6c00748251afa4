"""Orders that come in: placed, fired by their trigger, or made active as exits of a bracket."""

from typing import NamedTuple

from common.errors import ErrorCode
from trading.matching.book import Book
from trading.matching.commands import Place, PlaceLinked, Trigger
from trading.matching.events import Accepted, Cancelled, Event, Reduced, Triggered
from trading.matching.level import Armed, BookOrder
from trading.matching.reducing import is_reducing, reducible, resting_reducing
from trading.matching.refusal import Decision, Refusal, of_order, refuse
from trading.matching.terms import (
    AUCTION,
    BUY,
    FOK,
    IOC,
    LAST,
    LIMIT,
    MARKET,
    MATCHING,
    OCO,
    OPEN,
    OPPOSITE,
    POST_ONLY,
    PRICED_TYPES,
    RESTING_LIVES,
    Conditions,
    Reason,
    TriggerTerms,
)
from trading.matching.triggers import fires_rising, reserve_of, trailing_trigger, worst_price
from trading.matching.walk import Walk, cancelled, made


class Arrival(NamedTuple):
    """What an order does when it comes in: how much of it rests, what it traded, and why the rest ended."""

    resting: int
    events: list[Event]
    rest: int
    ended: Reason | None


def place(book: Book, order: Place) -> Decision:
    """A single order."""
    refusal = may_come_in(book, order)
    if refusal is not None:
        return refusal
    if order.conditions is not None and order.conditions.trigger is not None:
        return _arm(book, order, order.conditions.trigger)
    arrival = arrive(book, order)
    events: list[Event] = [_accepted(order, arrival.resting)]
    if arrival.events:
        events += arrival.events
    if arrival.ended is not None:
        events += ending(order, order.price, arrival)
    return events


def place_linked(book: Book, command: PlaceLinked) -> Decision:
    """An OCO pair, or an entry with its exits; all of it or nothing."""
    first, *others = command.orders
    head: Decision = place(book, first)
    if isinstance(head, Refusal):
        return of_order(0, head)
    followers: list[Event] = []
    for number, order in enumerate(others, 1):
        assert order.conditions is not None and order.conditions.link is not None
        if order.conditions.link.role == OCO:
            armed = place(book, order)
            if isinstance(armed, Refusal):
                return of_order(number, armed)
            followers += _as_second_leg(armed, first)
        elif _follows_nothing(book, order):
            return of_order(number, Refusal(ErrorCode.NO_REFERENCE_PRICE))
        else:
            followers.append(_accepted(order, 0))
    return [head[0], *followers, *head[1:]]


def _follows_nothing(book: Book, order: Place) -> bool:
    """A trailing exit needs a price when its entry ends; the last one is there by then."""
    terms = order.conditions.trigger if order.conditions is not None else None
    return terms is not None and terms.price is None and terms.source not in (LAST, *book.prices)


def may_come_in(book: Book, order: Place) -> Refusal | None:
    """What the market's state and the orders in it have against this order."""
    if book.status != OPEN and not _fits_state(book.status, order):
        return refuse(ErrorCode.MARKET_NOT_OPEN, status=book.status)
    if is_reducing(order.conditions):
        refusal = _reduces_nothing(book, order)
        if refusal is not None:
            return refusal
    is_maker = order.post_only and order.type == LIMIT and book.status in MATCHING
    if is_maker and would_take(book, order.side, order.price):
        return Refusal(ErrorCode.POST_ONLY_WOULD_TAKE)
    return None


def _reduces_nothing(book: Book, order: Place) -> Refusal | None:
    """An order that waits for a price is judged when it fires; one that ends at once is cut to what there is."""
    if order.conditions is not None and order.conditions.trigger is not None:
        return None
    there_is = reducible(book, order.account_id, order.side)
    taken = sum(other.open for other in resting_reducing(book, order.account_id, order.side))
    may_rest = order.type == LIMIT and order.time_in_force in RESTING_LIVES
    wanted = taken + (order.quantity or 0) if may_rest else 1
    if wanted > there_is:
        return refuse(ErrorCode.REDUCE_ONLY, position_lots=there_is, in_other_orders=taken)
    return None


def _fits_state(status: str, order: Place) -> bool:
    if order.type != LIMIT:
        return False
    if status == POST_ONLY:
        return order.post_only
    return status == AUCTION and order.time_in_force in RESTING_LIVES and not order.post_only


def would_take(book: Book, side: str, price: int | None) -> bool:
    opposite = book.sides[OPPOSITE[side]]
    best = opposite.best()
    return best is not None and price is not None and best * opposite.sign <= price * opposite.sign


def arrive(book: Book, order: Place) -> Arrival:
    """Match an order, as far as the market's state allows."""
    if book.status not in MATCHING:
        return Arrival(order.quantity or 0, [], 0, None)
    if is_reducing(order.conditions):
        return _arrive_reducing(book, order)
    return _arrive(book, order)


def _arrive_reducing(book: Book, order: Place) -> Arrival:
    """No more of it comes in than there is to reduce, less what other orders in the book will reduce."""
    quantity = order.quantity or 0
    taken = 0
    if order.type == LIMIT and order.time_in_force in RESTING_LIVES:
        own = resting_reducing(book, order.account_id, order.side)
        taken = sum(other.open for other in own if other.order_id != order.order_id)
    allowed = min(quantity, max(0, reducible(book, order.account_id, order.side) - taken))
    surplus = quantity - allowed
    if not allowed:
        return Arrival(0, [], quantity, Reason.REDUCE_ONLY)
    arrival = _arrive(book, order._replace(quantity=allowed))
    if not surplus:
        return arrival
    if arrival.resting:
        cut = Reduced(
            order.order_id, order.account_id, order.side, order.price, surplus,
            Reason.REDUCE_ONLY, resting=False,
        )  # fmt: skip
        return Arrival(arrival.resting, [*arrival.events, cut], 0, None)
    return Arrival(0, arrival.events, arrival.rest + surplus, arrival.ended or Reason.REDUCE_ONLY)


def _arrive(book: Book, order: Place) -> Arrival:
    if order.type == LIMIT and not would_take(book, order.side, order.price):
        return _meets_nobody(order)
    walk = Walk(book, order)
    walk.run()
    rest = walk.remaining
    if rest and walk.stopped is None and order.type == LIMIT and order.time_in_force in RESTING_LIVES:
        return Arrival(rest, walk.events, 0, None)
    if order.time_in_force == FOK and not walk.complete:
        return Arrival(0, [], order.quantity or 0, Reason.FOK_NOT_FILLABLE)
    return Arrival(0, walk.events, rest, _why_it_ended(order, walk))


def _meets_nobody(order: Place) -> Arrival:
    """What most orders come to, without a walk."""
    quantity = order.quantity or 0
    if order.time_in_force in RESTING_LIVES:
        return Arrival(quantity, [], 0, None)
    return Arrival(
        0, [], quantity, Reason.FOK_NOT_FILLABLE if order.time_in_force == FOK else Reason.IOC_REMAINDER
    )


def _why_it_ended(order: Place, walk: Walk) -> Reason | None:
    """Why an order that does not rest ended before it was filled; None if it was filled."""
    if walk.stopped is not None:
        return walk.stopped
    if walk.complete:
        return None
    if order.type != MARKET:
        return Reason.IOC_REMAINDER
    return Reason.PRICE_PROTECTION if walk.at_limit else Reason.NO_LIQUIDITY


def ending(order: Place | BookOrder, price: int | None, arrival: Arrival) -> list[Event]:
    if arrival.ended is None:
        return []
    return [
        Cancelled(
            order.order_id, order.account_id, order.side, price, arrival.rest, arrival.ended, resting=False
        )
    ]


def _accepted(
    order: Place, resting: int, reserve: int = 0, trigger_price: int | None = None, extreme: int | None = None
) -> Accepted:
    fields = (
        order.order_id, order.account_id, order.side, order.type, order.time_in_force, order.post_only,
        order.self_trade_prevention, order.price, order.quantity, order.budget, resting, order.protection,
        order.conditions, reserve, trigger_price, extreme,
    )  # fmt: skip
    return made(Accepted, fields)


# ---- orders that wait for a price ----


def _arm(book: Book, order: Place, terms: TriggerTerms) -> Decision:
    price = book.prices.get(terms.source)
    if price is None and terms.price is None:
        return refuse(ErrorCode.NO_REFERENCE_PRICE, source=terms.source)
    trigger_price, extreme = start_of_trigger(order.side, order.type, terms, price)
    reserve = reserve_of(order.side, order.type, order.price, trigger_price, terms)
    if is_reached(order.side, order.type, trigger_price, price):
        return Refusal(ErrorCode.WOULD_TRIGGER_AT_ONCE)
    return [_accepted(order, 0, reserve, trigger_price, extreme)]


def start_of_trigger(side: str, type: str, terms: TriggerTerms, price: int | None) -> tuple[int, int | None]:
    """The trigger price to begin with, and of a trailing order the price it follows."""
    if terms.price is not None:
        return terms.price, None
    assert price is not None
    return trailing_trigger(fires_rising(side, type), price, terms), price


def is_reached(side: str, type: str, trigger_price: int, price: int | None) -> bool:
    return price is not None and Armed("", fires_rising(side, type), trigger_price, 0, None).is_reached(price)


def _as_second_leg(decision: list[Event], first: Place) -> list[Event]:
    """Only one leg of a pair can come to something: the second keeps back no more than the first does not."""
    [accepted] = decision
    assert isinstance(accepted, Accepted)
    return [accepted._replace(reserve=second_reserve(first.side, accepted.reserve, first_reserve(first)))]


def second_reserve(side: str, own: int, of_first: int) -> int:
    return max(0, own - of_first) if side == BUY else 0


def first_reserve(order: Place) -> int:
    conditions = order.conditions
    if conditions is None or conditions.trigger is None:
        return order.price or 0
    assert conditions.trigger.price is not None, "the first leg of a pair does not trail"
    return reserve_of(order.side, order.type, order.price, conditions.trigger.price, conditions.trigger)


def trigger(book: Book, command: Trigger) -> list[Event]:
    """A waiting order's price has come: it enters, and its counterpart ends."""
    order = book.orders[command.order_id]
    armed = order.armed
    assert armed is not None and order.conditions is not None and order.conditions.trigger is not None
    protection = worst_price(order.side, armed.trigger_price, order.conditions.trigger)
    arrival = enter(book, order, order.open, protection)
    fired = Triggered(
        order.order_id, order.account_id, order.side, order.price, order.open, arrival.resting, armed.reserve
    )
    counterparts = [
        cancelled(book.orders[leg], Reason.LINKED) for leg in book.links.counterparts(order.order_id)
    ]
    return [fired, *counterparts, *arrival.events, *ending(order, order.price, arrival)]


def enter(book: Book, order: BookOrder, quantity: int, protection: int | None) -> Arrival:
    """A waiting order comes in; one that must not take ends if it would."""
    passive = (order.post_only and book.status in MATCHING) or book.status == POST_ONLY
    if passive and would_take(book, order.side, order.price):
        return Arrival(0, [], quantity, Reason.POST_ONLY)
    return arrive(book, _as_it_enters(order, quantity, protection))


def _as_it_enters(order: BookOrder, quantity: int, protection: int | None) -> Place:
    """A waiting order as the limit or market order that it becomes."""
    priced = order.type in PRICED_TYPES
    return Place(
        order.order_id, order.account_id, order.side, LIMIT if priced else MARKET, order.price, quantity, None,
        order.time_in_force if priced else IOC, order.post_only, order.self_trade_prevention,
        None if priced else protection, Conditions(reduce_only=True) if is_reducing(order.conditions) else None,
    )  # fmt: skip
