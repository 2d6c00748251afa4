"""The interest of every loan, as its hours begin."""

from datetime import datetime

from django.db import transaction

from accounts.services import lock_balances
from common import clock
from risk.models import Loan
from risk.selectors.lending import lending_terms
from risk.services.charge_interest import charge_hours, post_charges
from risk.services.margin_lock import pool_of
from risk.spot_margin import Terms

LOANS_AT_A_TIME = 500


def accrue_interest() -> int:
    """Charge the hours that have begun on every loan; how many loans. Safe to run twice at once and after any pause:
    each hour is charged once, because the loan says up to when it is charged and is locked while that moves on."""
    now = clock.now()
    charged = 0
    for asset, terms in lending_terms(now).items():
        while count := _charge_some(asset, terms, now):
            charged += count
    return charged


@transaction.atomic
def _charge_some(asset: str, terms: Terms, now: datetime) -> int:
    """Some of the loans that are due, of one asset; balances first, as everywhere."""
    pool = pool_of(asset)
    due = Loan.objects.filter(asset_id=asset, closed_at__isnull=True, accrued_until__lte=now)
    if not due.exists():
        return 0
    lock_balances([(pool.loans, asset), (pool.owed, asset)])
    loans = list(due.select_for_update(no_key=True).order_by("id")[:LOANS_AT_A_TIME])
    post_charges(asset, pool, [charge for loan in loans for charge in charge_hours(loan, terms, now)])
    Loan.objects.bulk_update(loans, ["interest", "interest_charged", "accrued_until"])
    return len(loans)
