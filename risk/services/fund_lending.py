"""What the exchange lends, and on what terms."""

from decimal import Decimal

from django.db import transaction

from accounts.models import Account, LedgerTransaction, User
from accounts.services import adjust_balance, system_account
from market.models import Asset
from risk.models import LendingTerms
from risk.services.margin_lock import pool_of

INSURANCE = "insurance:margin"
# Asset, interest an hour, haircut, maintenance, most for one account. Until an administrator says otherwise.
FIRST_TERMS = (
    ("USDT", "0.00001", "0", "0.02", "5000000"),
    ("BTC", "0.000005", "0.01", "0.02", "100"),
    ("ETH", "0.000005", "0.02", "0.02", "2000"),
)


@transaction.atomic
def make_lending_terms() -> None:
    """The terms that every exchange begins with, for the assets there are. Safe to repeat; what an operator changed
    stays. The pools are empty until somebody funds them."""
    insurance_account()
    for asset, rate, haircut, maintenance, maximum in FIRST_TERMS:
        if Asset.objects.filter(code=asset).exists():
            LendingTerms.objects.get_or_create(
                asset_id=asset,
                defaults={
                    "hourly_rate": Decimal(rate), "haircut": Decimal(haircut),
                    "maintenance_rate": Decimal(maintenance), "maximum": Decimal(maximum),
                },
            )  # fmt: skip
            pool_of(asset)


def insurance_account() -> Account:
    """What pays for margin accounts that cannot; it never owes."""
    return system_account(Account.Kind.INSURANCE, INSURANCE)


def fund_lending(asset: str, amount: Decimal, reason: str, by: User) -> LedgerTransaction:
    """Put money from outside into the lending pool of an asset, or take it out again (negative).

    Raises Refused as `adjust_balance` does.
    """
    pool = system_account(Account.Kind.LENDING, f"{Account.Kind.LENDING}:{asset}")
    return adjust_balance(pool, asset, amount, reason, by)
