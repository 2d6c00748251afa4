"""Which fields go with which type of order."""

from decimal import Decimal
from typing import TYPE_CHECKING

from trading.matching.terms import (
    BUY,
    FOK,
    GTC,
    GTD,
    IOC,
    MARKET,
    PRICED_TYPES,
    TRAILING_STOP,
    TRIGGER_TYPES,
)

if TYPE_CHECKING:
    from trading.rules import NewOrder

FINEST_TRAIL_PERCENT = Decimal("0.01")
WIDEST_TRAIL_PERCENT = Decimal(50)


def wrong_fields(new: "NewOrder") -> dict[str, str]:
    """Fields that do not fit the type of order, each with why."""
    return _wrong_amounts(new) | _wrong_triggers(new) | _wrong_life(new)


def _wrong_amounts(new: "NewOrder") -> dict[str, str]:
    wrong: dict[str, str] = {}
    name = new.type.replace("_", " ")
    article = "an" if name[0] in "aeiou" else "a"
    if new.type in PRICED_TYPES and new.price is None:
        wrong["price"] = f"{article} {name} order needs a price"
    if new.type not in PRICED_TYPES and new.price is not None:
        wrong["price"] = f"{article} {name} order has no price"
    if new.quote_quantity is not None and (new.type != MARKET or new.side != BUY):
        wrong["quote_quantity"] = "only market buys are by cost"
    if new.type == MARKET:
        if (new.quantity is None) == (new.quote_quantity is None):
            wrong["quantity"] = "give either quantity or quote_quantity"
    elif new.quantity is None:
        wrong["quantity"] = f"{article} {name} order needs a quantity"
    return wrong


def _wrong_triggers(new: "NewOrder") -> dict[str, str]:
    wrong: dict[str, str] = {}
    if new.type not in TRIGGER_TYPES:
        if new.trigger_price is not None:
            wrong["trigger_price"] = "only orders that wait for a trigger have one"
        if new.trigger_source is not None:
            wrong["trigger_source"] = "only orders that wait for a trigger have one"
    if new.type != TRAILING_STOP:
        for field in ("trail_amount", "trail_percent"):
            if getattr(new, field) is not None:
                wrong[field] = "only trailing stops have one"
        if new.type in TRIGGER_TYPES and new.trigger_price is None:
            wrong["trigger_price"] = "say at which price the order fires"
        return wrong
    if new.trigger_price is not None:
        wrong["trigger_price"] = "a trailing stop moves its trigger by itself"
    if (new.trail_amount is None) == (new.trail_percent is None):
        wrong["trail_amount"] = "give either trail_amount or trail_percent"
    elif new.trail_percent is not None and not _is_trail(new.trail_percent):
        wrong["trail_percent"] = (
            f"from {FINEST_TRAIL_PERCENT} to {WIDEST_TRAIL_PERCENT}, in steps of {FINEST_TRAIL_PERCENT}"
        )
    return wrong


def _is_trail(percent: Decimal) -> bool:
    return FINEST_TRAIL_PERCENT <= percent <= WIDEST_TRAIL_PERCENT and percent % FINEST_TRAIL_PERCENT == 0


def _wrong_life(new: "NewOrder") -> dict[str, str]:
    wrong: dict[str, str] = {}
    enters_as_market = new.type not in PRICED_TYPES
    life = new.time_in_force
    if (life == GTD) != (new.expires_at is not None):
        wrong["expires_at"] = "an order with time_in_force gtd, and only it, says when it expires"
    if life == GTD and new.type == MARKET:
        wrong["time_in_force"] = "a market order does not wait"
    if enters_as_market and new.type in TRIGGER_TYPES and life in (FOK,):
        wrong["time_in_force"] = "it enters as a market order: gtc, ioc or gtd"
    if new.post_only and (enters_as_market or life in (IOC, FOK)):
        wrong["post_only"] = "an order that must trade at once cannot be post-only"
    if new.display_quantity is not None and (enters_as_market or life not in (GTC, GTD)):
        wrong["display_quantity"] = "only an order that can rest shows a part of itself"
    elif new.display_quantity is not None and new.reduce_only:
        wrong["display_quantity"] = "a reduce-only order shows all of itself"
    return wrong
