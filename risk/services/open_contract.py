"""The rows beside a market that make it a perpetual, and the limits that every exchange begins with."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from accounts.models import Account, User
from accounts.services import system_account
from common import clock
from market.models import Market
from risk.funding_calendar import first_due
from risk.models import Bracket, Contract, ExposureLimit, ExposureTotal, TierLimit

TIERS = {User.Tier.BEGINNER: 5, User.Tier.INTERMEDIATE: 10, User.Tier.ADVANCED: 20}
MOST_EXPOSURE = {  # in USDT, until an administrator says otherwise
    ExposureLimit.Scope.USER: Decimal(20_000_000),
    ExposureLimit.Scope.TOTAL: Decimal(1_000_000_000),
}
# Notional from, most leverage, maintenance rate.
BRACKETS = (
    ("0", 20, "0.005"),
    ("250000", 10, "0.01"),
    ("1000000", 5, "0.025"),
    ("5000000", 3, "0.05"),
    ("20000000", 2, "0.1"),
)


@dataclass(frozen=True, slots=True)
class ContractTerms:
    """underlying: the spot market whose price is the index. brackets: (notional from, most leverage, rate)."""

    underlying: str
    brackets: Sequence[tuple[str, int, str]] = BRACKETS


@transaction.atomic
def open_contract(market: Market, terms: ContractTerms) -> Contract:
    """Safe to repeat; what an operator changed stays."""
    for kind in (Account.Kind.CLEARING, Account.Kind.FUNDING, Account.Kind.INSURANCE):
        system_account(kind, f"{kind}:{market.symbol}")
    underlying = Market.objects.get(symbol=terms.underlying)
    contract, made = Contract.objects.get_or_create(market=market, defaults={"underlying": underlying})
    if contract.next_funding_at is None:
        contract.next_funding_at = first_due(clock.now(), contract.funding_interval_seconds)
        contract.save(update_fields=["next_funding_at"])
    if made:
        Bracket.objects.bulk_create(
            Bracket(
                contract=contract, floor=Decimal(floor), maximum_leverage=most, maintenance_rate=Decimal(rate)
            )
            for floor, most, rate in terms.brackets
        )
    return contract


@transaction.atomic
def make_limits() -> None:
    """Leverage by tier, and exposure. Safe to repeat; what an operator changed stays."""
    for tier, most in TIERS.items():
        TierLimit.objects.get_or_create(tier=tier, defaults={"maximum_leverage": most})
    for scope, maximum in MOST_EXPOSURE.items():
        ExposureLimit.objects.get_or_create(scope=scope, market=None, defaults={"maximum": maximum})
    ExposureTotal.objects.get_or_create(pk=1)
