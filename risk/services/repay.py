"""Paying loans back."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.ledger import Entry
from accounts.models import LedgerTransaction, User
from accounts.services import open_account, open_margin_account, post_transaction
from common import clock
from common.errors import ErrorCode, Refused
from risk.models import Loan
from risk.selectors.lending import lending_terms
from risk.services.charge_interest import charge_hours, post_charges
from risk.services.margin_lock import Locked, Pool, checked_terms, lock_margin, pool_of
from risk.spot_margin import ZERO


def repay(user: User, asset: str, amount: Decimal | None = None) -> Loan:
    """Pay back from what the margin account has available: interest first, then principal; None: all that is owed.

    More than is owed pays what is owed. Raises Refused NO_LOAN, INSUFFICIENT_FUNDS, VALIDATION_ERROR.
    """
    now = clock.now()
    checked_terms(lending_terms(now), asset, amount)
    account, pool = open_margin_account(open_account(user)), pool_of(asset)
    with transaction.atomic():
        locked = lock_margin(account, pool.keys(asset), now)
        loan = charged_loan(locked, pool, asset, now)
        if loan is None:
            raise Refused(ErrorCode.NO_LOAN, asset=asset)
        settle(locked, pool, loan, loan.debt if amount is None else min(amount, loan.debt), now)
        return loan


def charged_loan(locked: Locked, pool: Pool, asset: str, now: datetime) -> Loan | None:
    """The account's loan of the asset, with the interest of all hours begun on it; None: nothing is owed."""
    loan = locked.margin.loans.get(asset)
    if loan is not None:
        post_charges(asset, pool, charge_hours(loan, locked.margin.terms[asset], now))
    return loan


def settle(locked: Locked, pool: Pool, loan: Loan, amount: Decimal, now: datetime) -> None:
    """Pay an amount of what is owed, at most all of it. Raises Refused INSUFFICIENT_FUNDS."""
    asset = loan.asset_id
    post_transaction(
        LedgerTransaction.Kind.REPAYMENT,
        [
            Entry(locked.account.pk, asset, -amount),
            Entry(pool.lending, asset, amount),
            Entry(pool.loans, asset, -amount),
            Entry(pool.owed, asset, amount),
        ],
        reference=str(loan),
    )
    take_off(loan, amount, now)


def take_off(loan: Loan, amount: Decimal, now: datetime) -> None:
    """The loan is smaller by an amount that was paid or written off: interest first, then principal."""
    interest = min(amount, loan.interest)
    loan.interest -= interest
    loan.interest_settled += interest
    loan.principal -= amount - interest
    assert loan.principal >= 0, f"{loan} would be paid back beyond what is owed"
    if loan.principal == ZERO:
        loan.closed_at = now
    loan.save()
