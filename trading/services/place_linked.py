"""Placing orders that hang together: one-cancels-the-other pairs, and entries with their exits."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from common.errors import ErrorCode, Refused
from trading import selectors
from trading.linked_fields import wrong_legs
from trading.matching.refusal import ORDER_NUMBER
from trading.matching.terms import STOP_LOSS, TAKE_PROFIT
from trading.matching_service.kinds import is_perpetual
from trading.matching_service.requests import LinkedRequest, PlacedLinked, PlacedOrder, Repeated
from trading.rules import NewOrder
from trading.services.submit import submit

EXITS = (TAKE_PROFIT, STOP_LOSS)


class LinkedLeg(NamedTuple):
    """One of the orders. name: what the client calls it; role: as in trading.matching.terms.Link."""

    name: str
    role: str
    new: NewOrder


def place_linked(account_id: int, symbol: str, legs: Sequence[LinkedLeg]) -> PlacedLinked:
    """Place all of them or none, in order; returns them as they stand after the commit. In a perpetual the exits of
    an entry only reduce what it opened.

    Raises Refused; what is wrong with one of them is told under its name. A client order id takes effect once:
    with that of the first leg used again, the answer is the orders that were placed then.
    """
    if is_perpetual(symbol):
        legs = [_only_reducing(leg) if leg.role in EXITS else leg for leg in legs]
    wrong = wrong_legs({leg.name: leg.new for leg in legs})
    if wrong:
        details = {name: {field: [text] for field, text in fields.items()} for name, fields in wrong.items()}
        raise Refused(ErrorCode.VALIDATION_ERROR, **details)
    request = LinkedRequest(account_id, tuple(leg.new for leg in legs), tuple(leg.role for leg in legs))
    [outcome] = submit(symbol, [request])
    if isinstance(outcome, Refused):
        raise _of_leg(outcome, legs)
    if isinstance(outcome, Repeated):
        return _placed_before(account_id, outcome.order_id)
    assert isinstance(outcome, PlacedLinked)
    return outcome


def _only_reducing(leg: LinkedLeg) -> LinkedLeg:
    return leg._replace(new=replace(leg.new, reduce_only=True))


def _placed_before(account_id: int, first_id: int) -> PlacedLinked:
    first = selectors.order_of(account_id, first_id)
    orders = selectors.linked_orders(first)
    if not orders:
        raise Refused(ErrorCode.CONFLICT, "The client_order_id of the first order is used already.")
    placed = [PlacedOrder(order, selectors.fills_of_taker(order), replayed=True) for order in orders]
    return PlacedLinked(placed, replayed=True)


def _of_leg(refused: Refused, legs: Sequence[LinkedLeg]) -> Refused:
    """The refusal with the leg's name instead of its number; wrong fields stand under that name."""
    number = refused.details.get(ORDER_NUMBER)
    if number is None:
        return refused
    details = {name: value for name, value in refused.details.items() if name != ORDER_NUMBER}
    name = legs[number].name
    if refused.code is ErrorCode.VALIDATION_ERROR:
        return Refused(refused.code, refused.message, **{name: details})
    return Refused(refused.code, refused.message, leg=name, **details)
