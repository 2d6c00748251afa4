"""What is lent on what terms, and how much of it there is."""

from datetime import datetime, timedelta
from decimal import Decimal

from accounts.models import Account, Balance, User
from market.models import Market, Price
from risk.models import LendingTerms, TierLimit
from risk.spot_margin import ONE, Terms

QUOTE = "USDT"  # in which margin accounts are judged
STALE_AFTER = timedelta(seconds=60)


def lending_terms(now: datetime) -> dict[str, Terms]:
    """By asset, each with its index price unless that is older than STALE_AFTER."""
    fresh = Price.objects.filter(
        market__kind=Market.Kind.SPOT, market__quote_id=QUOTE, updated_at__gt=now - STALE_AFTER
    )
    prices: dict[str, Decimal] = dict(fresh.values_list("market__base_id", "index"))
    prices[QUOTE] = ONE
    return {
        row.asset_id: Terms(
            row.asset.precision, prices.get(row.asset_id), row.hourly_rate, row.haircut, row.maintenance_rate,
            row.price_bound, row.liquidation_fee, row.maximum,
        )
        for row in LendingTerms.objects.select_related("asset").order_by("asset_id")
    }  # fmt: skip


def leverage_of(user: User) -> int:
    """The most that the user's tier may have; 1 without a limit on record: nothing can be borrowed."""
    return TierLimit.objects.filter(tier=user.tier).values_list("maximum_leverage", flat=True).first() or 1


def pool_free(asset: str) -> Decimal:
    """What the lending pool has left of an asset."""
    rows = Balance.objects.filter(account__kind=Account.Kind.LENDING, asset=asset)
    return rows.values_list("available", flat=True).first() or Decimal(0)


def pool_funded(asset: str) -> bool:
    """Whether the lending pool of an asset has ever been given anything."""
    return Balance.objects.filter(account__kind=Account.Kind.LENDING, asset=asset).exists()
