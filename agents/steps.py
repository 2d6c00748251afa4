"""Decimals outside, ticks and lots inside."""

from decimal import Decimal

from agents.strategies.view import Wish
from common.money import EXACT, FLOORING
from market.models import Market
from trading.services import NewOrder


class Steps:
    """Converts for one market. Costs are in ticks x lots."""

    def __init__(self, market: Market) -> None:
        self.tick, self.lot = market.tick, market.lot
        self.cost_step = EXACT.multiply(market.tick, market.lot)
        whole, rest = EXACT.divmod(market.minimum_notional, self.cost_step)
        self.minimum_cost = int(whole) + (1 if rest else 0)

    def price(self, ticks: int) -> Decimal:
        return EXACT.multiply(self.tick, ticks)

    def quantity(self, lots: int) -> Decimal:
        return EXACT.multiply(self.lot, lots)

    def cost(self, steps: int) -> Decimal:
        return EXACT.multiply(self.cost_step, steps)

    def ticks(self, price: Decimal) -> int:
        """Whole ticks, at least one; what is finer than a tick is cut off."""
        return max(1, int(FLOORING.divide_int(price, self.tick)))

    def lots(self, quantity: Decimal) -> int:
        return int(FLOORING.divide_int(quantity, self.lot))

    def costs(self, amount: Decimal) -> int:
        """How many ticks x lots an amount of quote pays for."""
        return int(FLOORING.divide_int(amount, self.cost_step))

    def post_only(self, wish: Wish) -> NewOrder:
        assert wish.price is not None
        return NewOrder(
            side=wish.side,
            type="limit",
            price=self.price(wish.price),
            quantity=self.quantity(wish.quantity),
            post_only=True,
        )

    def immediate(self, wish: Wish) -> NewOrder:
        """Trades at once or not at all: an IOC limit order, or a market order if the wish names no price."""
        price = None if wish.price is None else self.price(wish.price)
        return NewOrder(
            side=wish.side,
            type="market" if price is None else "limit",
            price=price,
            quantity=self.quantity(wish.quantity),
            time_in_force="ioc",
        )
