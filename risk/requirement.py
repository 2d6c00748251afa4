"""What a contract requires of an account: margin for its position and its open orders, and its exposure. Pure.

Amounts are whole units of the quote asset, sizes lots, fee rates millionths.
"""

from typing import NamedTuple

from common.money import fee_units
from risk.position import Position, initial_margin


class OpenOrders:
    """Sums over the live orders of an account that may open something; orders that wait for a trigger and
    reduce-only orders do not."""

    __slots__ = ("buy_lots", "buy_notional", "sell_lots", "sell_notional")

    def __init__(
        self, buy_lots: int = 0, buy_notional: int = 0, sell_lots: int = 0, sell_notional: int = 0
    ) -> None:
        self.buy_lots = buy_lots
        self.buy_notional = buy_notional
        self.sell_lots = sell_lots
        self.sell_notional = sell_notional

    def copy(self) -> "OpenOrders":
        return OpenOrders(self.buy_lots, self.buy_notional, self.sell_lots, self.sell_notional)

    def __bool__(self) -> bool:
        return bool(self.buy_lots or self.sell_lots)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OpenOrders) and self._all() == other._all()

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return f"OpenOrders{self._all()}"

    def _all(self) -> tuple[int, int, int, int]:
        return self.buy_lots, self.buy_notional, self.sell_lots, self.sell_notional


NO_ORDERS = OpenOrders()


class Requirement(NamedTuple):
    """margin: beyond an isolated position's own. exposure: the notional of the larger side, if all of its orders
    filled; the two sides are never counted together, for they cannot both be open."""

    margin: int
    exposure: int


def requirement(position: Position, orders: OpenOrders, taker_fee: int) -> Requirement:
    """size x price / leverage for the larger side, the fee to close it, and the fee to open what is ordered."""
    held, exposure = position.notional, _larger_side(position, orders)
    if position.is_isolated:
        ordered = max(0, exposure - held)
        margin = initial_margin(ordered, position.leverage) + 2 * fee_units(ordered, taker_fee)
        return Requirement(margin, exposure)
    with_position = _position_side(position, orders)
    ordered = with_position - held if with_position >= exposure else exposure
    margin = initial_margin(exposure, position.leverage) + fee_units(exposure, taker_fee)
    return Requirement(margin + fee_units(ordered, taker_fee), exposure)


def _larger_side(position: Position, orders: OpenOrders) -> int:
    if not orders:
        return position.notional
    return max(_position_side(position, orders), _other_side(position, orders))


def _position_side(position: Position, orders: OpenOrders) -> int:
    """The position and the orders that would add to it."""
    return position.notional + (orders.buy_notional if position.size >= 0 else orders.sell_notional)


def _other_side(position: Position, orders: OpenOrders) -> int:
    """What the opposite orders would open beyond closing the position, at their average price, rounded up."""
    if position.size >= 0:
        lots, notional = orders.sell_lots, orders.sell_notional
    else:
        lots, notional = orders.buy_lots, orders.buy_notional
    excess = lots - abs(position.size)
    return -(-notional * excess // lots) if excess > 0 else 0
