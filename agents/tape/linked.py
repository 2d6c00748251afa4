"""Which orders of a tape can hang together."""

from collections.abc import Iterator, Sequence

from agents.tape.actions import Submit
from trading.linked_fields import wrong_legs
from trading.matching.terms import (
    ENTRY,
    LIMIT,
    MARKET,
    OCO,
    STOP_LOSS,
    TAKE_PROFIT,
    TAKE_PROFIT_TYPES,
    TRIGGER_TYPES,
)
from trading.rules import NewOrder

TYPES = {
    ENTRY: {LIMIT, MARKET},
    TAKE_PROFIT: {LIMIT, *TAKE_PROFIT_TYPES},
    STOP_LOSS: TRIGGER_TYPES - TAKE_PROFIT_TYPES,
}
EXITS = ((TAKE_PROFIT,), (STOP_LOSS,), (TAKE_PROFIT, STOP_LOSS))


def why_not_linked(orders: Sequence[Submit]) -> str:
    """What is wrong with them together; empty if nothing is."""
    roles = tuple(order.role for order in orders)
    if len({order.account for order in orders}) > 1:
        return "are of different accounts"
    if roles != (OCO, OCO) and not (roles[0] == ENTRY and roles[1:] in EXITS):
        return f"link_role must be oco and oco, or entry and its exits, not {', '.join(roles)}"
    names = (TAKE_PROFIT, STOP_LOSS) if roles[0] == OCO else roles
    legs = {name: order.new for name, order in zip(names, orders, strict=True)}
    return next(_wrong(legs), "")


def _wrong(legs: dict[str, NewOrder]) -> Iterator[str]:
    entry = legs.get(ENTRY)
    exits = [leg for name, leg in legs.items() if name != ENTRY]
    if len({(leg.side, leg.quantity) for leg in exits}) > 1:
        yield "the exits are not of one side and quantity"
    if entry is not None and entry.side == exits[0].side:
        yield "the exits are of the entry's side"
    for name, leg in legs.items():
        if leg.type not in TYPES[name]:
            yield f"{name} is a {leg.type} order, not one of {', '.join(sorted(TYPES[name]))}"
    for name, wrong in wrong_legs(legs).items():
        yield f"{name}: {', '.join(f'{field} {why}' for field, why in wrong.items())}"
