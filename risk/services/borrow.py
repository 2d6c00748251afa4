"""Borrowing on margin."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.ledger import Entry
from accounts.models import LedgerTransaction, User
from accounts.services import open_account, open_margin_account, post_transaction
from common import clock
from common.errors import ErrorCode, Refused
from common.money import format_decimal
from risk.models import Loan
from risk.selectors.lending import lending_terms, leverage_of
from risk.services.charge_interest import HOUR, charge_addition, charge_hours, post_charges
from risk.services.margin_lock import (
    Locked,
    Pool,
    checked_terms,
    lock_margin,
    pool_of,
    refuse_in_liquidation,
    refuse_unpriced,
)
from risk.spot_margin import Terms, after_borrowing, most_borrowable


def borrow(user: User, asset: str, amount: Decimal) -> Loan:
    """Lend the user's margin account an amount of an asset; the loan as it then stands.

    The first hour's interest is due at once. Raises Refused INSUFFICIENT_MARGIN beyond (L - 1) x equity,
    LENDING_LIMIT beyond what one account may have or the pool has left, NO_REFERENCE_PRICE while an asset that
    matters has no fresh price, LIQUIDATION_IN_PROGRESS, VALIDATION_ERROR.
    """
    now = clock.now()
    checked_terms(lending_terms(now), asset, amount)
    account, pool = open_margin_account(open_account(user)), pool_of(asset)
    with transaction.atomic():
        locked = lock_margin(account, pool.keys(asset), now)
        terms = checked_terms(locked.margin.terms, asset, amount)
        refuse_in_liquidation(locked)
        refuse_unpriced(locked, asset)
        _refuse_beyond_limits(locked, pool, asset, amount, terms)
        _refuse_beyond_margin(locked, asset, amount, leverage_of(user))
        return _lend(locked, pool, asset, amount, terms, now)


def _refuse_beyond_limits(locked: Locked, pool: Pool, asset: str, amount: Decimal, terms: Terms) -> None:
    loan = locked.margin.loans.get(asset)
    room = terms.maximum - (loan.principal if loan else 0)
    free = locked.available(pool.lending, asset)
    if amount > min(room, free):
        most = max(Decimal(0), min(room, free))
        raise Refused(ErrorCode.LENDING_LIMIT, asset=asset, most=format_decimal(most))


def _refuse_beyond_margin(locked: Locked, asset: str, amount: Decimal, leverage: int) -> None:
    margin = locked.margin
    terms = margin.terms[asset]
    if not after_borrowing(margin.standing, amount, terms).bears_initially(leverage):
        most = most_borrowable(margin.standing, terms, leverage)
        raise Refused(
            ErrorCode.INSUFFICIENT_MARGIN, asset=asset, leverage=leverage, most=format_decimal(most)
        )


def _lend(locked: Locked, pool: Pool, asset: str, amount: Decimal, terms: Terms, now: datetime) -> Loan:
    loan = locked.margin.loans.get(asset)
    if loan is None:
        loan = Loan(
            account=locked.account, asset_id=asset, principal=amount, opened_at=now, accrued_until=now
        )
        charges = charge_hours(loan, terms, now)
        assert loan.accrued_until == now + HOUR
    else:
        charges = [*charge_hours(loan, terms, now), charge_addition(loan, terms, amount, now)]
        loan.principal += amount
    loan.save()
    post_transaction(
        LedgerTransaction.Kind.BORROW,
        [
            Entry(pool.lending, asset, -amount),
            Entry(locked.account.pk, asset, amount),
            Entry(pool.loans, asset, amount),
            Entry(pool.owed, asset, -amount),
        ],
        reference=str(loan),
    )
    post_charges(asset, pool, charges)
    return loan
