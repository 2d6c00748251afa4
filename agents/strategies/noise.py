"""A noise trader: small orders that trade at once, at random times, now and then a larger one."""

import random
from dataclasses import dataclass

from agents.strategies.view import ONE_MILLION, MarketView, Purse, Wish

BUY, SELL = "buy", "sell"


@dataclass(frozen=True, slots=True)
class NoiseParameters:
    """`size`: lots of a large order. Shares in parts per thousand, distances in parts per million."""

    size: int
    mean_pause_ms: int = 1_600
    large_share: int = 40
    market_share: int = 600
    most_slippage: int = 30
    most_distance: int = 10_000


def pause_ms(parameters: NoiseParameters, rng: random.Random) -> int:
    """How long until the next order."""
    return rng.randrange(parameters.mean_pause_ms // 4, parameters.mean_pause_ms * 7 // 4)


def next_order(
    view: MarketView, purse: Purse, parameters: NoiseParameters, rng: random.Random
) -> Wish | None:
    """An order to trade at once, at the market or with a limit; None if there is nobody to trade with near
    the index, or nothing to pay with.

    Who holds more than it likes sells more often than it buys.
    """
    side = BUY if rng.randrange(1000) < 500 - purse.imbalance(400) else SELL
    at_market = rng.randrange(1000) < parameters.market_share
    slippage = rng.randint(0, parameters.most_slippage)
    wanted = _size(parameters, rng)
    best = view.best_ask if side == BUY else view.best_bid
    if best is None or abs(best - view.index) * ONE_MILLION > parameters.most_distance * view.index:
        return None
    quantity = max(wanted, view.least_quantity(best * 99 // 100 or 1))
    # A market order may walk up the book: leave it room.
    most = purse.quote * 100 // (best * 102) if side == BUY else purse.base
    if quantity > most:
        return None
    away = best * slippage // ONE_MILLION
    limit = best + away if side == BUY else max(1, best - away)
    return Wish(side, None if at_market else limit, quantity)


def _size(parameters: NoiseParameters, rng: random.Random) -> int:
    """Mostly small: the product of two uniform numbers; now and then up to three times the large size."""
    small = parameters.size * rng.randint(1, 100) * rng.randint(1, 100) // 50_000
    large = parameters.size * rng.randint(50, 300) // 100
    return max(1, large if rng.randrange(1000) < parameters.large_share else small)
