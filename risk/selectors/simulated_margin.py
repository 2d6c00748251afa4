"""A leveraged trade as it would be, if somebody made it."""

from fractions import Fraction
from typing import NamedTuple

from common.errors import ErrorCode, Refused
from common.money import format_decimal
from market.models import Market
from risk.estimate import Estimate, estimate
from risk.proposal import Outlook, Proposal, outlook
from risk.selectors.contracts import contract_terms, tier_leverage

MOST_TICKS = 10**15


class SimulatedMargin(NamedTuple):
    """maximum_leverage: the lower of the tier's and the brackets'. refusal: why the trade would not be taken."""

    market: Market
    estimate: Estimate
    outlook: Outlook
    maximum_leverage: int
    refusal: Refused | None


def simulated_margin(symbol: str, tier: str, proposal: Proposal) -> SimulatedMargin:
    """The quick estimate and the engine's outlook for a user of the tier; the proposal in base and quote.

    Raises Refused as contract_terms does, and INVALID_PRICE or MAX_NOTIONAL for what is beyond any market.
    """
    market, terms = contract_terms(symbol)[1:]
    _refuse_beyond_bounds(market, proposal)
    per_unit = Fraction(proposal.price) * 10**market.quote.precision
    shown = outlook(terms, proposal._replace(price=per_unit))
    by_tier = tier_leverage(tier)
    refusal = _off_grid(market, proposal) or _too_much_leverage(proposal, tier, by_tier, shown)
    return SimulatedMargin(market, estimate(*proposal), shown, min(by_tier, shown.bracket_leverage), refusal)


def _refuse_beyond_bounds(market: Market, proposal: Proposal) -> None:
    if not 1 <= proposal.price / Fraction(market.tick) <= MOST_TICKS:
        raise Refused(ErrorCode.INVALID_PRICE, tick=format_decimal(market.tick))
    if proposal.size * proposal.price > market.maximum_notional:
        raise Refused(ErrorCode.MAX_NOTIONAL, maximum_notional=format_decimal(market.maximum_notional))


def _off_grid(market: Market, proposal: Proposal) -> Refused | None:
    if proposal.price % Fraction(market.tick):
        return Refused(ErrorCode.INVALID_PRICE)
    if proposal.size % Fraction(market.lot):
        return Refused(ErrorCode.INVALID_QUANTITY)
    if proposal.size * proposal.price < market.minimum_notional:
        return Refused(ErrorCode.MIN_NOTIONAL)
    return None


def _too_much_leverage(proposal: Proposal, tier: str, by_tier: int, shown: Outlook) -> Refused | None:
    if proposal.leverage > by_tier:
        return Refused(ErrorCode.LEVERAGE_TOO_HIGH, f"Users of the tier {tier} may have at most {by_tier}x.")
    if proposal.leverage > shown.bracket_leverage:
        text = f"A position of this size may have at most {shown.bracket_leverage}x."
        return Refused(ErrorCode.LEVERAGE_TOO_HIGH, text)
    return None
