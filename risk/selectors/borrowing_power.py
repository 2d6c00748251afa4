"""A margin account as its user sees it: what it has, owes and may borrow, by asset."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import QuerySet

from accounts.models import Account, Balance, User
from accounts.selectors import balances
from common.money import EXACT
from risk.models import Liquidation, LiquidationStep, Loan
from risk.selectors.lending import QUOTE, lending_terms, leverage_of
from risk.selectors.margin_account import MarginAccount, judged, open_liquidation, open_loans
from risk.spot_margin import ZERO, Health, Standing, Terms, most_borrowable


class MarginAsset(NamedTuple):
    """price: index; None if there is none that is fresh."""

    asset: str
    total: Decimal
    available: Decimal
    held: Decimal
    borrowed: Decimal
    interest: Decimal
    price: Decimal | None
    haircut: Decimal
    maintenance_rate: Decimal
    hourly_rate: Decimal
    borrowable: Decimal


class MarginOverview(NamedTuple):
    tier: str
    maximum_leverage: int
    quote: str
    standing: Standing
    status: str
    assets: list[MarginAsset]
    loans: list[Loan]
    liquidation: Liquidation | None
    steps: list[LiquidationStep]


def margin_overview(user: User, account: Account | None, now: datetime) -> MarginOverview:
    rows = {row.asset: row for row in balances(account.pk)} if account else {}
    loans = {loan.asset_id: loan for loan in open_loans(account.pk)} if account else {}
    owned = {asset: EXACT.add(row.available, row.held) for asset, row in rows.items()}
    margin = judged(owned, loans, lending_terms(now))
    leverage, free = leverage_of(user), _pools()
    liquidation = open_liquidation(account.pk) if account else None
    return MarginOverview(
        user.tier, leverage, QUOTE, margin.standing, _status(margin.standing, liquidation),
        [
            _asset(asset, terms, rows.get(asset), margin, _borrowable(asset, terms, margin, leverage, free))
            for asset, terms in margin.terms.items()
        ],
        list(loans.values()), liquidation, _steps(liquidation),
    )  # fmt: skip


def loans_of(account: Account | None) -> QuerySet[Loan]:
    """Open and closed ones."""
    return Loan.objects.filter(account=account) if account else Loan.objects.none()


def _asset(
    asset: str, terms: Terms, row: Balance | None, margin: MarginAccount, borrowable: Decimal
) -> MarginAsset:
    loan = margin.loans.get(asset)
    available, held = (row.available, row.held) if row else (ZERO, ZERO)
    return MarginAsset(
        asset, EXACT.add(available, held), available, held, loan.principal if loan else ZERO,
        loan.interest if loan else ZERO, terms.price, terms.haircut, terms.maintenance_rate, terms.hourly_rate,
        borrowable,
    )  # fmt: skip


def _borrowable(
    asset: str, terms: Terms, margin: MarginAccount, leverage: int, free: dict[str, Decimal]
) -> Decimal:
    loan = margin.loans.get(asset)
    room = terms.maximum - (loan.principal if loan else ZERO)
    most = most_borrowable(margin.standing, terms, leverage)
    return max(ZERO, min(room, most, free.get(asset, ZERO)))


def _pools() -> dict[str, Decimal]:
    rows = Balance.objects.filter(account__kind=Account.Kind.LENDING)
    return dict(rows.values_list("asset", "available"))


def _status(standing: Standing, liquidation: Liquidation | None) -> str:
    if liquidation is not None and liquidation.status == Liquidation.Status.LIQUIDATING:
        return Health.LIQUIDATION
    return standing.health


def _steps(liquidation: Liquidation | None) -> list[LiquidationStep]:
    if liquidation is None:
        return []
    return list(LiquidationStep.objects.filter(liquidation=liquidation).order_by("number"))
