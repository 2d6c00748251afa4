"""The terms of contracts, as the engine counts them."""

from typing import NamedTuple

from common.errors import ErrorCode, Refused
from common.money import EXACT, to_units
from market.models import Market
from market.selectors import market_by_symbol
from risk.brackets import Brackets
from risk.health import Terms
from risk.models import Contract, TierLimit

RATE_DECIMALS = 6  # millionths


class ListedContract(NamedTuple):
    """The row of a contract, its market with both assets, and its numbers in units, lots and millionths."""

    contract: Contract
    market: Market
    terms: Terms


def contract_terms(symbol: str) -> ListedContract:
    """Raises Refused UNKNOWN_SYMBOL, NOT_A_PERPETUAL, or MARKET_NOT_OPEN for a perpetual without terms yet."""
    market = market_by_symbol(symbol)
    if market.kind != Market.Kind.PERPETUAL:
        raise Refused(ErrorCode.NOT_A_PERPETUAL, f"{symbol} is a {market.kind} market: it has no margin.")
    contract = Contract.objects.prefetch_related("brackets").filter(market=market).first()
    rows = [] if contract is None else list(contract.brackets.all())
    if contract is None or not any(row.floor == 0 for row in rows):
        raise Refused(ErrorCode.MARKET_NOT_OPEN, "This contract has no terms or brackets yet.")
    precision = market.quote.precision
    brackets = Brackets(
        (to_units(row.floor, precision), row.maximum_leverage, to_units(row.maintenance_rate, RATE_DECIMALS))
        for row in rows
    )
    terms = Terms(
        market.pk,
        to_units(EXACT.multiply(market.tick, market.lot), precision),
        brackets,
        to_units(market.taker_fee, RATE_DECIMALS),
        to_units(contract.liquidation_fee, RATE_DECIMALS),
    )
    return ListedContract(contract, market, terms)


def tier_leverage(tier: str) -> int:
    """The most leverage that users of a tier may choose; 1 for a tier without a row."""
    row = TierLimit.objects.filter(tier=tier).first()
    return 1 if row is None else row.maximum_leverage
