"""A margin account held still: who changes what it owns or owes decides under this lock.

Lock order: balances by (account, asset), then the account's loans. All balances that count as collateral are
locked, so two borrows, or a borrow and a transfer out, are judged one after the other.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from accounts.models import Account
from accounts.services import LockedBalance, lock_balances, system_account
from accounts.services.ledger import Key
from common.errors import ErrorCode, Refused
from common.money import is_multiple
from risk.models import Loan
from risk.selectors.lending import lending_terms
from risk.selectors.margin_account import MarginAccount, is_liquidated_now, judged
from risk.spot_margin import Terms


class Pool(NamedTuple):
    """The system's accounts of one lent asset."""

    lending: int
    loans: int
    owed: int

    def keys(self, asset: str) -> list[Key]:
        return [(account_id, asset) for account_id in self]


class Locked(NamedTuple):
    account: Account
    balances: dict[Key, LockedBalance]
    margin: MarginAccount

    def available(self, account_id: int, asset: str) -> Decimal:
        return self.balances[account_id, asset].available


def pool_of(asset: str) -> Pool:
    kinds = (Account.Kind.LENDING, Account.Kind.LOANS, Account.Kind.OWED)
    return Pool(*(system_account(kind, f"{kind}:{asset}").pk for kind in kinds))


def lock_margin(account: Account, more: Iterable[Key], now: datetime) -> Locked:
    """Inside a transaction. more: what else is to be locked with it."""
    terms = lending_terms(now)
    owed = Loan.objects.filter(account=account, closed_at__isnull=True)
    balances = lock_balances({(account.pk, asset) for asset in terms} | set(more))
    loans = {loan.asset_id: loan for loan in owed.select_for_update(no_key=True).order_by("asset_id")}
    owned = {asset: row.total for (holder, asset), row in balances.items() if holder == account.pk}
    return Locked(account, balances, judged(owned, loans, terms))


def checked_terms(terms: dict[str, Terms], asset: str, amount: Decimal | None) -> Terms:
    """Raises Refused VALIDATION_ERROR for an asset that margin accounts do not know, and for an amount that is not
    positive or finer than the asset's unit."""
    if asset not in terms:
        raise Refused(ErrorCode.VALIDATION_ERROR, asset=["This asset is not lent, and is no collateral."])
    own = terms[asset]
    if amount is not None and (amount <= 0 or not is_multiple(amount, Decimal(1).scaleb(-own.precision))):
        raise Refused(
            ErrorCode.VALIDATION_ERROR, amount=[f"Must be positive, with at most {own.precision} decimals."]
        )
    return own


def refuse_in_liquidation(locked: Locked) -> None:
    if is_liquidated_now(locked.account.pk):
        raise Refused(ErrorCode.LIQUIDATION_IN_PROGRESS)


def refuse_unpriced(locked: Locked, *assets: str) -> None:
    """Nothing is lent or let out on the strength of prices that are not there, or old."""
    missing = {asset for asset in assets if locked.margin.terms[asset].price is None}
    missing |= set(locked.margin.standing.unpriced)
    if missing:
        text = "An asset that matters here has no fresh price."
        raise Refused(ErrorCode.NO_REFERENCE_PRICE, text, assets=sorted(missing))
