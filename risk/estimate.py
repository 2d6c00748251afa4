"""The quick estimate of a leveraged trade: rules of thumb that need nothing but the four numbers asked for. Pure.

It knows no brackets, no tiers and no fees. What this exchange really does: risk/proposal.py. docs/margin.md has
both, and why they differ. Source: the contract of POST /api/v1/trades/simulate-margin.
"""

from fractions import Fraction
from typing import NamedTuple

MAINTENANCE_SHARE = Fraction(1, 2)  # of the initial margin
MAINTENANCE_RATE = Fraction(5, 1000)  # of the price
LOSS_FACTOR = Fraction(11, 10)  # of the initial margin: what slips beyond it


class Estimate(NamedTuple):
    """Money in quote, liquidation_price in quote per base; not rounded."""

    required_margin: Fraction
    maintenance_margin: Fraction
    liquidation_price: Fraction
    max_loss: Fraction


def estimate(is_long: bool, size: Fraction, price: Fraction, leverage: int) -> Estimate:
    """size x price / leverage; half of that; price x (1 - 1/leverage + 0.005) of a long, (1 + 1/leverage - 0.005)
    of a short; 1.1 x margin."""
    assert size > 0 and price > 0 and leverage >= 1
    margin = size * price / leverage
    move = Fraction(1, leverage) - MAINTENANCE_RATE
    liquidation = price * (1 - move if is_long else 1 + move)
    return Estimate(margin, margin * MAINTENANCE_SHARE, liquidation, margin * LOSS_FACTOR)
