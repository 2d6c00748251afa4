"""One user's margin account, as it stands."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from accounts.models import Account
from accounts.selectors import balances
from common.money import EXACT
from risk.models import Liquidation, Loan
from risk.selectors.lending import lending_terms
from risk.spot_margin import Standing, Terms, standing


class MarginAccount(NamedTuple):
    owned: dict[str, Decimal]
    loans: dict[str, Loan]
    terms: dict[str, Terms]
    standing: Standing


def margin_account(account: Account | None, now: datetime) -> MarginAccount:
    """As it is without a lock; an account that was never opened has nothing."""
    rows = balances(account.pk) if account else []
    owned = {row.asset: EXACT.add(row.available, row.held) for row in rows}
    loans = {loan.asset_id: loan for loan in open_loans(account.pk)} if account else {}
    return judged(owned, loans, lending_terms(now))


def judged(owned: dict[str, Decimal], loans: dict[str, Loan], terms: dict[str, Terms]) -> MarginAccount:
    owed = {asset: loan.debt for asset, loan in loans.items()}
    return MarginAccount(owned, loans, terms, standing(owned, owed, terms))


def open_loans(account_id: int) -> list[Loan]:
    return list(Loan.objects.filter(account_id=account_id, closed_at__isnull=True).order_by("asset_id"))


def open_liquidation(account_id: int) -> Liquidation | None:
    """That of the account as a whole, from its warning to its end."""
    rows = Liquidation.objects.filter(account_id=account_id, market=None, status__in=Liquidation.OPEN)
    return rows.first()


def is_liquidated_now(account_id: int) -> bool:
    found = open_liquidation(account_id)
    return found is not None and found.status == Liquidation.Status.LIQUIDATING
