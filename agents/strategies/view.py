"""What an agent sees, what it has, and what it may wish for."""

from dataclasses import dataclass
from typing import NamedTuple

ONE_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class MarketView:
    """A market at one moment. `minimum_cost`: the least price x quantity of an order."""

    index: int
    best_bid: int | None
    best_ask: int | None
    minimum_cost: int

    def least_quantity(self, price: int) -> int:
        """The smallest quantity that the market takes at a price."""
        return max(1, -(-self.minimum_cost // price))


class Purse(NamedTuple):
    """What an agent can spend; and of the base asset all it has, beside what it would like to have."""

    base: int
    quote: int
    base_total: int
    base_target: int

    def imbalance(self, scale: int) -> int:
        """From -scale (no base at all) over 0 (as much as it likes) to +scale (twice that or more)."""
        if self.base_target <= 0:
            return 0
        surplus = (self.base_total - self.base_target) * scale // self.base_target
        return max(-scale, min(scale, surplus))


class OwnOrder(NamedTuple):
    order_id: int
    side: str
    price: int
    open: int


class Wish(NamedTuple):
    """An order to place. `price` None: at the market."""

    side: str
    price: int | None
    quantity: int
