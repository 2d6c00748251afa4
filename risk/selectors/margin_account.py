"""One user's margin account, as it stands."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from accounts.models import Account
from accounts.selectors import balances
from common.money import EXACT
from market.models import Price
from risk.models import Liquidation, Loan, Position
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


def unrealised_loss(account_id: int) -> Decimal:
    """What the cross positions of an account have lost at mark prices beyond their profits, funding included, in
    quote; 0 if they are in profit."""
    positions = Position.objects.filter(account_id=account_id, mode=Position.Mode.CROSS).exclude(size=0)
    total = Decimal(0)
    for row in positions.select_related("market__contract", "market__quote"):
        price = Price.objects.filter(market_id=row.market_id).first()
        mark = (price.mark or price.index) if price else Decimal(0)
        lots = row.size / row.market.lot
        funding = (lots * (row.market.contract.funding_index - row.funding_index)).scaleb(
            -8 - row.market.quote.precision
        )
        total += row.size * mark - row.cost - funding
    return max(Decimal(0), -total)
