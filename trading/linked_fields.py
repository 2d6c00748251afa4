"""Which orders can hang together: what is wrong with each leg, by its name."""

from collections.abc import Mapping
from decimal import Decimal

from common.money import format_decimal
from trading.matching.terms import BUY, ENTRY, LIMIT, RESTING_LIVES, STOP_LOSS, TAKE_PROFIT
from trading.order_fields import wrong_fields
from trading.rules import NewOrder

Wrong = dict[str, dict[str, str]]


def wrong_legs(legs: Mapping[str, NewOrder]) -> Wrong:
    """legs: take_profit and stop_loss of one side, and perhaps an entry of the other."""
    wrong = {name: fields for name, leg in legs.items() if (fields := wrong_fields(leg))}
    return wrong or _wrong_together(legs)


def _wrong_together(legs: Mapping[str, NewOrder]) -> Wrong:
    wrong: Wrong = {}
    gain, stop = legs.get(TAKE_PROFIT), legs.get(STOP_LOSS)
    if gain is not None:
        if gain.type == LIMIT and gain.time_in_force not in RESTING_LIVES:
            wrong[TAKE_PROFIT] = {"time_in_force": "a limit order waits here in the book: gtc or gtd"}
        elif (text := _not_better(gain, legs.get(ENTRY))) is not None:
            wrong[TAKE_PROFIT] = {"price" if gain.type == LIMIT else "trigger_price": text}
    if stop is not None:
        text = _not_worse(stop, gain, "take_profit") or _not_worse(stop, legs.get(ENTRY), ENTRY)
        if text is not None:
            wrong[STOP_LOSS] = {"trigger_price": text}
    return wrong


def _level(leg: NewOrder | None) -> Decimal | None:
    """Where a leg comes into play; None if only the market will tell."""
    if leg is None:
        return None
    return leg.price if leg.type == LIMIT else leg.trigger_price


def _not_better(gain: NewOrder, entry: NewOrder | None) -> str | None:
    level, entered = _level(gain), _level(entry)
    if level is None or entered is None:
        return None
    good = level < entered if gain.side == BUY else level > entered
    where = "below" if gain.side == BUY else "above"
    return None if good else f"must be {where} the entry's price, {format_decimal(entered)}"


def _not_worse(stop: NewOrder, other: NewOrder | None, name: str) -> str | None:
    level, limit = _level(stop), _level(other)
    if level is None or limit is None:
        return None
    good = level > limit if stop.side == BUY else level < limit
    where = "above" if stop.side == BUY else "below"
    return None if good else f"must be {where} the {name} order's, {format_decimal(limit)}"
