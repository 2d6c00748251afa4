"""Contracts as they are listed, and their funding."""

from django.db.models import QuerySet

from market.selectors import market_by_symbol
from risk.models import Contract, FundingPayment


def contracts() -> dict[int, Contract]:
    """All contracts with underlying and brackets, by market."""
    rows = Contract.objects.select_related("underlying").prefetch_related("brackets")
    return {contract.pk: contract for contract in rows}


def contract_of(symbol: str) -> Contract | None:
    """None for a market that is no perpetual. Raises Refused(UNKNOWN_SYMBOL)."""
    rows = Contract.objects.select_related("underlying")
    return rows.filter(market=market_by_symbol(symbol)).first()


def fundings(symbol: str) -> QuerySet[FundingPayment]:
    """What was paid in a contract, newest first; nothing in a spot market. Raises Refused(UNKNOWN_SYMBOL)."""
    return FundingPayment.objects.filter(contract_id=market_by_symbol(symbol).pk).order_by("-id")
