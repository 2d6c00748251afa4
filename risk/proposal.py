"""What this exchange would do with a leveraged trade that nobody has made yet. Pure.

Money is whole units of the quote asset, rounded as the engine rounds: margins and fees up. Prices are exact.
"""

from fractions import Fraction
from math import ceil
from typing import NamedTuple

from common.money import fee_units
from risk.health import Terms
from risk.liquidation_price import bankruptcy_price, liquidation_price, maintenance_margin
from risk.position import initial_margin


class Proposal(NamedTuple):
    """size in base, price in units of the quote asset per base; neither need be a multiple of lot and tick."""

    is_long: bool
    size: Fraction
    price: Fraction
    leverage: int


class Outlook(NamedTuple):
    """The position right after it was opened at the price by an order that took.

    required_margin: what must be free to send the order: the initial margin and both fees. isolated_margin: what
    stays bound by it as an isolated position, its closing fee kept with it. liquidation_price and
    bankruptcy_price: with the initial margin and nothing else behind it, in units per base, None if there is none;
    isolated_liquidation_price: with the isolated margin.
    """

    notional: int
    initial_margin: int
    maintenance_margin: int
    opening_fee: int
    closing_fee: int
    required_margin: int
    isolated_margin: int
    liquidation_price: Fraction | None
    bankruptcy_price: Fraction | None
    isolated_liquidation_price: Fraction | None
    bracket_leverage: int


def outlook(terms: Terms, proposal: Proposal) -> Outlook:
    value = proposal.size * proposal.price
    notional = ceil(value)
    size = proposal.size if proposal.is_long else -proposal.size
    signed = value if proposal.is_long else -value
    initial = initial_margin(notional, proposal.leverage)
    fee = fee_units(notional, terms.taker_fee)
    return Outlook(
        notional, initial, ceil(maintenance_margin(terms.brackets, value)), fee, fee, initial + 2 * fee,
        initial + fee,
        liquidation_price(initial, size, signed, 1, terms.brackets),
        bankruptcy_price(initial, size, signed, 1, terms.taker_fee),
        liquidation_price(initial + fee, size, signed, 1, terms.brackets),
        terms.brackets.maximum_leverage(notional),
    )  # fmt: skip
