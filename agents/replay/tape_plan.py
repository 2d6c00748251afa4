"""How recorded trades come about here: as orders of the replay's taker, each filled at the recorded price.

A trade at a price proves what the venue's book was at that moment, although the depth message that tells of it
comes up to 100 ms later: nothing better lay on that side, and at least so much lay at the price. So the maker
first takes its better levels away and adds what is missing; the next depth message sets all levels right.
"""

from collections.abc import Callable, Sequence

from agents.followed_book import FollowedBook
from agents.replay.recorded_book import LevelKey
from agents.replay.recording import RecordedTrade
from agents.steps import Steps
from agents.strategies.view import Wish
from trading.matching.terms import BUY, OPPOSITE
from trading.matching_service.requests import Request
from trading.services import CancelRequest, PlaceRequest

TakerOrder = list[RecordedTrade]


def taker_orders(trades: Sequence[RecordedTrade], least: Callable[[int], int]) -> list[TakerOrder]:
    """One order per trade; but a trade that is too small for an order of its own joins the trade beside it of
    the same taker: the same side and the venue's same millisecond.

    least: the smallest quantity of an order at a price.
    """
    orders: list[TakerOrder] = []
    for trade in trades:
        last = orders[-1] if orders else None
        small = _is_small([trade], least) or (last is not None and _is_small(last, least))
        if last is not None and small and is_same_taker(last[-1], trade):
            last.append(trade)
        else:
            orders.append([trade])
    return orders


def is_same_taker(one: RecordedTrade, next_one: RecordedTrade) -> bool:
    """As far as the stream tells."""
    return (one.executed_ms, one.taker_side) == (next_one.executed_ms, next_one.taker_side)


def _is_small(order: TakerOrder, least: Callable[[int], int]) -> bool:
    return sum(trade.quantity for trade in order) < least(order[0].price)


class TapePlan:
    """One batch: the requests for a run of taker orders. Call `add` for each until it says no."""

    def __init__(
        self, book: FollowedBook, steps: Steps, maker_id: int, taker_id: int, least: Callable[[int], int]
    ) -> None:
        self._book = book
        self._steps = steps
        self._maker_id = maker_id
        self._taker_id = taker_id
        self._least = least
        self._planned: dict[LevelKey, int] = {}  # our quantity after what is planned so far
        self._added: set[LevelKey] = set()  # levels with orders of this batch, whose ids nobody knows yet
        self.requests: list[Request] = []
        self.orders: dict[int, TakerOrder] = {}  # by place in requests

    def add(self, order: TakerOrder) -> bool:
        """Plan a taker order; False if this batch must be carried out first."""
        side = order[0].taker_side
        prices = [trade.price for trade in order]
        nearest, furthest = (min(prices), max(prices)) if side == BUY else (max(prices), min(prices))
        stale = self._up_to(OPPOSITE[side], nearest - 1 if side == BUY else nearest + 1)
        stale += self._up_to(side, nearest)
        if any(level in self._added for level in stale):
            return False
        for level in stale:
            self._clear(level)
        for trade in order:
            self._provide((OPPOSITE[side], trade.price), trade.quantity)
        self.orders[len(self.requests)] = order
        wish = Wish(side, furthest, sum(trade.quantity for trade in order))
        self.requests.append(PlaceRequest(self._taker_id, self._steps.immediate(wish)))
        return True

    def _quantity(self, level: LevelKey) -> int:
        if level not in self._planned:
            orders = self._book.orders_at(*level, self._maker_id)
            self._planned[level] = sum(order.open for order in orders)
        return self._planned[level]

    def _up_to(self, side: str, price: int) -> list[LevelKey]:
        """Our levels of a side at that price or better: the recorded trade proves them gone."""
        sign = -1 if side == BUY else 1
        found = [level for level in self._added if level[0] == side and level[1] * sign <= price * sign]
        for other in self._book.prices(side):
            if other * sign > price * sign:
                break
            found.append((side, other))
        return [level for level in dict.fromkeys(found) if self._quantity(level)]

    def _clear(self, level: LevelKey) -> None:
        """Cancel our orders there that the batch has not filled yet; the oldest are filled first."""
        left = self._quantity(level)
        for order in reversed(self._book.orders_at(*level, self._maker_id)):
            if left <= 0:
                break
            self.requests.append(CancelRequest(self._maker_id, order.order_id))
            left -= order.open
        self._planned[level] = 0

    def _provide(self, level: LevelKey, quantity: int) -> None:
        """See that so much lies there, and count it as traded."""
        missing = quantity - self._quantity(level)
        if missing > 0:
            missing = max(missing, self._least(level[1]))
            wish = Wish(level[0], level[1], missing)
            self.requests.append(PlaceRequest(self._maker_id, self._steps.post_only(wish)))
            self._planned[level] += missing
            self._added.add(level)
        self._planned[level] -= quantity
