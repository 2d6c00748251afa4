"""A market maker: two ladders of quotes around the index, moved only as far as they must be.

The distance from the reference price is cut into bands, one per level. A quote stays where it is while it
lies in its band or has drifted no more than one band away from the price; only quotes that came too close
or went too far are cancelled, and only empty levels are quoted anew. The reference is the index, moved
against the inventory: who holds too much quotes lower.
"""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from agents.strategies.view import ONE_MILLION, MarketView, OwnOrder, Purse, Wish

BUY, SELL = "buy", "sell"


@dataclass(frozen=True, slots=True)
class MakerParameters:
    """`size`: lots of an average quote near the top. The rest in parts per million of the price."""

    size: int
    levels: int = 15
    half_spread: int = 60
    spacing: int = 60
    most_skew: int = 100
    widening: int = 1  # times the distances; more when the index has not been heard of for a while


class Quotes(NamedTuple):
    """To be done in this order: cancel, take what others offer beyond our own prices, place (post-only)."""

    cancel: list[int]
    take: list[Wish]
    place: list[Wish]


def requote(
    view: MarketView,
    own: Sequence[OwnOrder],
    purse: Purse,
    parameters: MakerParameters,
    rng: random.Random,
) -> Quotes:
    """What turns the maker's orders into the ladders it wants. `view` must not contain the maker's orders."""
    reference = reference_price(view.index, purse, parameters)
    edges = band_edges(reference, parameters)
    quotes = Quotes([], [], [])
    spendable = {BUY: purse.quote, SELL: purse.base}
    for side in (BUY, SELL):
        ladder = _Ladder(side, reference, edges, parameters)
        gone, empty = ladder.compare([order for order in own if order.side == side])
        quotes.cancel.extend(order.order_id for order in gone)
        spendable[side] += sum(_needs(side, order.price, order.open) for order in gone)
        wishes = ladder.takes(view, rng) + ladder.fill(view, empty, rng)
        for is_take, wish in affordable_wishes(side, wishes, spendable[side], view):
            (quotes.take if is_take else quotes.place).append(wish)
    return quotes


def reference_price(index: int, purse: Purse, parameters: MakerParameters) -> int:
    skew = -purse.imbalance(parameters.most_skew)
    return max(1, index + index * skew // ONE_MILLION)


def band_edges(reference: int, parameters: MakerParameters) -> list[int]:
    """Distances in ticks, growing: level n lies in [edges[n], edges[n + 1])."""
    edges: list[int] = []
    for level in range(parameters.levels + 1):
        share = parameters.half_spread + parameters.spacing * level * (level + 3) // 4
        ticks = reference * share * parameters.widening // ONE_MILLION
        edges.append(max(ticks, edges[-1] + 1 if edges else 1))
    return edges


def affordable_wishes(
    side: str, wishes: Sequence[tuple[bool, Wish]], spendable: int, view: MarketView
) -> list[tuple[bool, Wish]]:
    """The wishes in order, made smaller or left out once the money is spent."""
    affordable = []
    for is_take, wish in wishes:
        assert wish.price is not None
        most = spendable // wish.price if side == BUY else spendable
        quantity = min(wish.quantity, most)
        if quantity >= view.least_quantity(wish.price):
            spendable -= _needs(side, wish.price, quantity)
            affordable.append((is_take, wish._replace(quantity=quantity)))
    return affordable


def _needs(side: str, price: int, quantity: int) -> int:
    return price * quantity if side == BUY else quantity


class _Ladder:
    """One side's levels."""

    def __init__(self, side: str, reference: int, edges: list[int], parameters: MakerParameters) -> None:
        self.side = side
        self.reference = reference
        self.edges = edges
        self.parameters = parameters
        self.away = -1 if side == BUY else 1

    def distance(self, order: OwnOrder) -> int:
        return (order.price - self.reference) * self.away

    def compare(self, own: Sequence[OwnOrder]) -> tuple[list[OwnOrder], list[int]]:
        """Orders that are in nobody's band, and levels that no order fills."""
        queue = deque(sorted(own, key=lambda order: (self.distance(order), order.order_id)))
        gone: list[OwnOrder] = []
        empty: list[int] = []
        for level in range(self.parameters.levels):
            reach = self.edges[min(level + 2, self.parameters.levels)]
            while queue and self.distance(queue[0]) < self.edges[level]:
                gone.append(queue.popleft())
            if queue and self.distance(queue[0]) < reach:
                queue.popleft()
            else:
                empty.append(level)
        return [*gone, *queue], empty

    def takes(self, view: MarketView, rng: random.Random) -> list[tuple[bool, Wish]]:
        """Somebody pays more, or asks less, than our own best quote would: trade with them, up to our price."""
        price = self.reference + self.edges[0] * self.away
        other = view.best_ask if self.side == BUY else view.best_bid
        if other is None or price < 1 or (other - price) * self.away < 0:
            return []
        return [(True, Wish(self.side, price, self._size(self.parameters.levels // 2, price, view, rng)))]

    def fill(self, view: MarketView, empty: Sequence[int], rng: random.Random) -> list[tuple[bool, Wish]]:
        """A new quote somewhere in each empty band, unless it would trade with somebody at once."""
        other = view.best_ask if self.side == BUY else view.best_bid
        wishes = []
        for level in empty:
            distance = rng.randrange(self.edges[level], self.edges[level + 1])
            price = self.reference + distance * self.away
            quantity = self._size(level, max(price, 1), view, rng)
            if price >= 1 and (other is None or (other - price) * self.away < 0):
                wishes.append((False, Wish(self.side, price, quantity)))
        return wishes

    def _size(self, level: int, price: int, view: MarketView, rng: random.Random) -> int:
        """Larger further away, from 0.4 to 1.6 times the average of its level."""
        quantity = self.parameters.size * (level + 3) * rng.randint(40, 160) // 300
        return max(quantity, view.least_quantity(price))
