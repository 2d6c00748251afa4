"""Interest becomes due: for each hour begun, on what is borrowed when it begins."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from accounts.ledger import Entry
from accounts.models import LedgerTransaction
from accounts.services import post_transaction
from risk.models import InterestCharge, Loan
from risk.services.margin_lock import Pool
from risk.spot_margin import ZERO, Terms, interest_per_hour

HOUR = timedelta(hours=1)


def hours_begun(accrued_until: datetime, now: datetime) -> int:
    """How many hours have begun since all before `accrued_until` was charged; the running one counts."""
    return 0 if now < accrued_until else (now - accrued_until) // HOUR + 1


def charge_hours(loan: Loan, terms: Terms, now: datetime) -> list[InterestCharge]:
    """Put the interest of all hours begun on the loan, in memory; nothing if none has begun."""
    hours = hours_begun(loan.accrued_until, now)
    if not hours:
        return []
    charge = _charge(loan, terms, loan.accrued_until, hours, loan.principal, now)
    loan.accrued_until += hours * HOUR
    return [charge]


def charge_addition(loan: Loan, terms: Terms, amount: Decimal, now: datetime) -> InterestCharge:
    """For what is borrowed while an hour runs that is charged already: it pays for that hour like the rest."""
    return _charge(loan, terms, now, 1, amount, now, is_addition=True)


def _charge(
    loan: Loan, terms: Terms, starts_at: datetime, hours: int, principal: Decimal, now: datetime,
    is_addition: bool = False,
) -> InterestCharge:  # fmt: skip
    amount = hours * interest_per_hour(principal, terms)
    loan.interest += amount
    loan.interest_charged += amount
    return InterestCharge(
        loan=loan, is_addition=is_addition, starts_at=starts_at, hours=hours, principal=principal,
        hourly_rate=terms.hourly_rate, amount=amount, created_at=now,
    )  # fmt: skip


def post_charges(asset: str, pool: Pool, charges: Sequence[InterestCharge]) -> None:
    """One ledger transaction for all of them: what borrowers owe grows, and so does what is lent."""
    total = sum((charge.amount for charge in charges), ZERO)
    if total:
        posted = post_transaction(
            LedgerTransaction.Kind.INTEREST,
            [Entry(pool.loans, asset, total), Entry(pool.owed, asset, -total)],
            reference=f"{asset}: {len(charges)} charges",
        )
        for charge in charges:
            charge.ledger_transaction_id = posted.pk if charge.amount else None
    InterestCharge.objects.bulk_create(charges)
