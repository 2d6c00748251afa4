"""What a liquidation of a margin account trades next. Pure.

Debts are paid back with what is owned of the same asset first; then, part by part, what is owned is sold for the
quote, or the quote buys what is owed. A part is the smallest that restores the account, fees and the worst price
included:

selling value v of an asset at worst pays back v(1-c) and takes v(1-h) of collateral, so
    equity' = equity - v(1-h) + v(1-c)        margin' = margin - m v(1-c)
and equity' >= R margin' from v = (R margin - equity) / (h - c + R m (1-c)) on. Where the denominator is not
positive no part restores it, and all goes. c: price bound and fees; h: haircut; m: maintenance rate of the debt.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from common.money import FLOORING
from risk.spot_margin import ONE, RESTORE_TO, ZERO, Standing, Terms, divide_up, round_down

BUY, SELL = "buy", "sell"


class Venue(NamedTuple):
    """The spot market of an asset against the quote."""

    symbol: str
    tick: Decimal
    lot: Decimal
    minimum_notional: Decimal
    maximum_notional: Decimal
    taker_fee: Decimal


class Part(NamedTuple):
    """An order to place: immediate or cancel, at `price` or better."""

    symbol: str
    asset: str
    side: str
    quantity: Decimal
    price: Decimal


class Situation(NamedTuple):
    """free, owed: amounts by asset."""

    standing: Standing
    free: Mapping[str, Decimal]
    owed: Mapping[str, Decimal]
    terms: Mapping[str, Terms]
    venues: Mapping[str, Venue]
    quote: str


def next_part(now: Situation) -> Part | None:
    """None: nothing is left that could be traded."""
    bought = sorted(
        (asset for asset in now.owed if asset in now.venues), key=lambda a: -_value(now, now.owed, a)
    )
    sold = sorted(
        (asset for asset in now.free if asset in now.venues), key=lambda a: -_value(now, now.free, a)
    )
    parts = [_purchase(now, asset) for asset in bought if now.owed[asset]]
    parts += [_sale(now, asset) for asset in sold if not now.owed.get(asset)]
    return next((part for part in parts if part is not None), None)


def is_restored(standing: Standing) -> bool:
    return standing.equity >= RESTORE_TO * standing.maintenance_margin


def _sale(now: Situation, asset: str) -> Part | None:
    terms, venue = now.terms[asset], now.venues[asset]
    assert terms.price is not None
    price = _in_steps_up(terms.price * (ONE - terms.price_bound), venue.tick)
    cost = terms.price_bound + venue.taker_fee + terms.liquidation_fee
    value = _restoring_value(now.standing, terms.haircut, cost, _maintenance_rate(now))
    most = now.standing.debt / (ONE - cost)
    wanted = most if value is None else min(value, most)
    free = _whole_lots(now.free[asset], venue)
    return _part(asset, SELL, wanted / terms.price, free, price, venue)


def _purchase(now: Situation, asset: str) -> Part | None:
    terms, venue = now.terms[asset], now.venues[asset]
    assert terms.price is not None
    price = _in_steps_down(terms.price * (ONE + terms.price_bound), venue.tick)
    taken = venue.taker_fee + terms.liquidation_fee
    value = _restoring_value(now.standing, ZERO, terms.price_bound + taken, terms.maintenance_rate)
    owed = divide_up(now.owed[asset], ONE - taken, terms.precision)
    wanted = owed if value is None else min(value / terms.price, owed)
    affordable = _whole_lots(FLOORING.divide(now.free.get(now.quote, ZERO), price), venue)
    return _part(asset, BUY, wanted, affordable, price, venue)


def _part(asset: str, side: str, wanted: Decimal, most: Decimal, price: Decimal, venue: Venue) -> Part | None:
    """At least what the market takes as an order, at most what there is and what it takes at a time."""
    least = divide_up(venue.minimum_notional, price * venue.lot, 0) * venue.lot
    largest = _whole_lots(FLOORING.divide(venue.maximum_notional, price), venue)
    quantity = min(max(divide_up(wanted, venue.lot, 0) * venue.lot, least, venue.lot), most, largest)
    if quantity < max(least, venue.lot):
        return None
    return Part(venue.symbol, asset, side, quantity, price)


def _restoring_value(now: Standing, haircut: Decimal, cost: Decimal, maintenance: Decimal) -> Decimal | None:
    gain = haircut - cost + RESTORE_TO * maintenance * (ONE - cost)
    if gain <= 0:
        return None
    return max(ZERO, RESTORE_TO * now.maintenance_margin - now.equity) / gain


def _maintenance_rate(now: Situation) -> Decimal:
    """Of the debts on average; a sale may pay back any of them."""
    return now.standing.maintenance_margin / now.standing.debt


def _value(now: Situation, amounts: Mapping[str, Decimal], asset: str) -> Decimal:
    return amounts[asset] * (now.terms[asset].price or ZERO)


def _whole_lots(amount: Decimal, venue: Venue) -> Decimal:
    return round_down(FLOORING.divide(amount, venue.lot), 0) * venue.lot


def _in_steps_up(price: Decimal, tick: Decimal) -> Decimal:
    return divide_up(price, tick, 0) * tick


def _in_steps_down(price: Decimal, tick: Decimal) -> Decimal:
    return max(tick, round_down(FLOORING.divide(price, tick), 0) * tick)
