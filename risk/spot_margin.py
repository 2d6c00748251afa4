"""The arithmetic of margin accounts on spot: what is owned, what is owed, and what follows from it. Pure.

All is in the quote asset at index prices. An asset counts as collateral for its value less a haircut; a debt
counts in full. equity = collateral - debt; level = collateral / debt. Borrowing needs debt <= (L - 1) x equity
with the leverage L of the user's tier; maintenance margin is a share of each debt, and below it the account is
liquidated.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from enum import StrEnum
from functools import reduce
from typing import NamedTuple

from common.money import EXACT, FLOORING

ZERO, ONE = Decimal(0), Decimal(1)
WARN_AT = Decimal("1.25")  # times the maintenance margin
RESTORE_TO = Decimal("1.5")  # times the maintenance margin: how far a liquidation goes
LEVEL_STEP = Decimal("0.0001")

_CEILING = Context(prec=80, rounding=ROUND_UP, traps=[InvalidOperation, DivisionByZero, Overflow])


class Terms(NamedTuple):
    """What an asset counts for, and on what terms it is lent. price: index, in quote; None if there is none that
    is fresh. maximum: most that one account may borrow. precision: decimals of its unit."""

    precision: int
    price: Decimal | None
    hourly_rate: Decimal
    haircut: Decimal
    maintenance_rate: Decimal
    price_bound: Decimal
    liquidation_fee: Decimal
    maximum: Decimal


class Health(StrEnum):
    HEALTHY = "healthy"
    WARNED = "warned"
    LIQUIDATION = "liquidation"


@dataclass(frozen=True, slots=True)
class Standing:
    """A margin account in quote. unpriced: assets that it has or owes and that have no fresh price; with one,
    nothing is decided on these figures."""

    assets: Decimal
    collateral: Decimal
    debt: Decimal
    maintenance_margin: Decimal
    unpriced: tuple[str, ...] = ()

    @property
    def equity(self) -> Decimal:
        return EXACT.subtract(self.collateral, self.debt)

    @property
    def level(self) -> Decimal | None:
        """Rounded down; None without a debt."""
        if not self.debt:
            return None
        return FLOORING.divide(self.collateral, self.debt).quantize(LEVEL_STEP, context=FLOORING)

    @property
    def health(self) -> Health:
        if self.equity < self.maintenance_margin:
            return Health.LIQUIDATION
        warned = self.debt and self.equity < EXACT.multiply(WARN_AT, self.maintenance_margin)
        return Health.WARNED if warned else Health.HEALTHY

    def bears_initially(self, leverage: int) -> bool:
        return self.debt <= 0 or self.debt <= EXACT.multiply(Decimal(leverage - 1), self.equity)


def standing(
    owned: Mapping[str, Decimal], owed: Mapping[str, Decimal], terms: Mapping[str, Terms]
) -> Standing:
    """owned, owed: amounts by asset. What has no terms counts for nothing."""
    assets = {asset: amount for asset, amount in owned.items() if amount and asset in terms}
    debts = {asset: amount for asset, amount in owed.items() if amount}
    unpriced = tuple(sorted(asset for asset in {*assets, *debts} if terms[asset].price is None))
    worth = {asset: terms[asset].price or ZERO for asset in {*assets, *debts}}
    return Standing(
        _total(amount * worth[asset] for asset, amount in assets.items()),
        _total(amount * worth[asset] * (ONE - terms[asset].haircut) for asset, amount in assets.items()),
        _total(amount * worth[asset] for asset, amount in debts.items()),
        _total(amount * worth[asset] * terms[asset].maintenance_rate for asset, amount in debts.items()),
        unpriced,
    )


def after_borrowing(now: Standing, amount: Decimal, terms: Terms) -> Standing:
    """The standing with that much more owned and owed of an asset, before the interest of the first hour."""
    assert terms.price is not None
    value = amount * terms.price
    return Standing(
        now.assets + value,
        now.collateral + value * (ONE - terms.haircut),
        now.debt + value,
        now.maintenance_margin + value * terms.maintenance_rate,
        now.unpriced,
    )


def most_borrowable(now: Standing, terms: Terms, leverage: int) -> Decimal:
    """The most of an asset, in whole units, after which debt <= (L - 1) x equity still holds.

    x more of it at the price p adds x*p to the debt and takes x*p*haircut from the equity, so
    x <= ((L - 1) x equity - debt) / (p x (1 + (L - 1) x haircut)).
    """
    if terms.price is None or now.unpriced:
        return ZERO
    room = (leverage - 1) * now.equity - now.debt
    if room <= 0:
        return ZERO
    most = FLOORING.divide(room, terms.price * (ONE + (leverage - 1) * terms.haircut))
    return round_down(most, terms.precision)


def interest_per_hour(principal: Decimal, terms: Terms) -> Decimal:
    """Rounded up to a whole unit."""
    return round_up(EXACT.multiply(principal, terms.hourly_rate), terms.precision)


def round_down(amount: Decimal, precision: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-precision), context=FLOORING)


def round_up(amount: Decimal, precision: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-precision), context=_CEILING)


def divide_up(amount: Decimal, by: Decimal, precision: int) -> Decimal:
    return round_up(_CEILING.divide(amount, by), precision)


def _total(values: Iterable[Decimal]) -> Decimal:
    return reduce(EXACT.add, values, ZERO)
