"""The worst price at which an order may trade, now or when it fires. Pure; prices are decimals in quote."""

from decimal import Decimal
from typing import NamedTuple

from common.money import FLOORING
from trading.matching.terms import BUY, LAST, MARKET, SELL

ONE = Decimal(1)
UNBOUNDED = {BUY: Decimal("Infinity"), SELL: Decimal(0)}


class Asked(NamedTuple):
    """What an order says about prices. trail_rate, protection: shares. source: what a trigger follows."""

    side: str
    type: str
    price: Decimal | None
    source: str
    trigger_price: Decimal | None
    trail_amount: Decimal | None
    trail_rate: Decimal | None
    protection: Decimal


def worst_price(asked: Asked, index: Decimal) -> Decimal:
    """A price of its own binds an order wherever its trigger is; without one it goes as far from the trigger as the
    protection lets it. A trailing stop's trigger only gets better than where it begins: a distance from the index,
    or from the last trade's price, which anybody may have made, so that there it is unbounded."""
    if asked.price is not None:
        return asked.price
    if asked.type == MARKET:
        return _beyond(asked.side, index, asked.protection)
    if asked.trigger_price is not None:
        return _beyond(asked.side, asked.trigger_price, asked.protection)
    if asked.source == LAST:
        return UNBOUNDED[asked.side]
    trail = asked.trail_amount if asked.trail_amount is not None else index * (asked.trail_rate or 0)
    trigger = index + trail if asked.side == BUY else max(Decimal(0), index - trail)
    return _beyond(asked.side, trigger, asked.protection)


def within_ticks(side: str, price: Decimal, tick: Decimal) -> Decimal:
    """The price as a multiple of the tick, no worse than it, and at least one."""
    below = FLOORING.divide_int(price, tick) * tick
    return max(tick, below if side == BUY or below == price else below + tick)


def _beyond(side: str, price: Decimal, share: Decimal) -> Decimal:
    return price * (ONE + share) if side == BUY else max(Decimal(0), price * (ONE - share))
