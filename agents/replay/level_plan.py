"""How one level of the book becomes as large as the recorded one: pure."""

from collections.abc import Sequence
from typing import NamedTuple

from trading.matching.level import BookOrder


class LevelPlan(NamedTuple):
    """In this order: orders to cancel; an order to shrink or to let grow, (id, new total quantity); how many
    lots to add as a new order. `lacking`: lots too few to be an order here.
    """

    cancel: list[int]
    shrink: tuple[int, int] | None = None
    grow: tuple[int, int] | None = None
    add: int = 0
    lacking: int = 0


def bring_to(orders: Sequence[BookOrder], target: int, least: int) -> LevelPlan:
    """From our orders at a price, oldest first, to a total of `target` lots.

    least: the smallest quantity of an order that the market takes at this price. The newest orders give way
    first, so that the oldest keep their place.
    """
    left = list(orders)
    cancel: list[int] = []
    shrink: tuple[int, int] | None = None
    excess = sum(order.open for order in orders) - target
    while excess > 0:
        newest = left[-1]
        if newest.open > excess and newest.quantity - excess >= least:
            shrink = (newest.order_id, newest.quantity - excess)
            excess = 0
        else:
            cancel.append(left.pop().order_id)
            excess -= newest.open
    missing = -excess
    if missing >= least:
        return LevelPlan(cancel, shrink, add=missing)
    if missing and left:
        return LevelPlan(cancel, shrink, grow=(left[-1].order_id, left[-1].quantity + missing))
    return LevelPlan(cancel, shrink, lacking=missing)
