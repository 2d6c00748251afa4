"""Moving money between a user's own account and the margin account."""

from decimal import Decimal

from django.db import transaction

from accounts.ledger import Entry
from accounts.models import LedgerTransaction, User
from accounts.services import open_account, open_margin_account, post_transaction
from common import clock
from common.errors import ErrorCode, Refused
from risk.selectors.lending import lending_terms, leverage_of
from risk.selectors.margin_account import judged
from risk.services.keep_margin import keep_margin
from risk.services.margin_lock import (
    Locked,
    checked_terms,
    lock_margin,
    refuse_in_liquidation,
    refuse_unpriced,
)


def transfer(user: User, asset: str, amount: Decimal, to_margin: bool) -> LedgerTransaction:
    """Move an amount of what is available.

    Raises Refused INSUFFICIENT_FUNDS; INSUFFICIENT_MARGIN if what stays behind would not bear what is owed (to
    the margin account: what perpetual positions have lost), NO_REFERENCE_PRICE, LIQUIDATION_IN_PROGRESS,
    VALIDATION_ERROR.
    """
    now = clock.now()
    checked_terms(lending_terms(now), asset, amount)
    main = open_account(user)
    account = open_margin_account(main)
    with transaction.atomic():
        locked = lock_margin(account, [(main.pk, asset)], now)
        if not to_margin:
            _refuse_to_strip_collateral(locked, asset, amount, leverage_of(user))
        signed = amount if to_margin else -amount
        entries = [Entry(main.pk, asset, -signed), Entry(account.pk, asset, signed)]
        posted = post_transaction(LedgerTransaction.Kind.TRANSFER, entries)
        keep_margin(main.pk, asset)
        return posted


def _refuse_to_strip_collateral(locked: Locked, asset: str, amount: Decimal, leverage: int) -> None:
    """What is left must bear the debts as if they were made now."""
    margin = locked.margin
    if not margin.loans or amount > locked.available(locked.account.pk, asset):
        return  # nothing to bear; or refused for want of funds
    refuse_in_liquidation(locked)
    refuse_unpriced(locked)
    left = margin.owned | {asset: margin.owned[asset] - amount}
    if not judged(left, margin.loans, margin.terms).standing.bears_initially(leverage):
        raise Refused(ErrorCode.INSUFFICIENT_MARGIN, "What is left would not bear what is owed.")
