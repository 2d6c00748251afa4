"""What users do with their margin accounts; their open sockets hear of it."""

from decimal import Decimal

from django.db import transaction

from accounts.models import LedgerTransaction, User
from accounts.services import open_account
from risk import services as risk
from risk.models import Loan
from trading.matching_service.publish import account_group, publisher
from trading.services.admit_on_margin import refuse_beyond_live_orders
from trading.services.hold_margin_account import hold_margin_account


def transfer(user: User, asset: str, amount: Decimal, to_margin: bool) -> LedgerTransaction:
    """As risk.services.transfer. INSUFFICIENT_MARGIN too if what stays would not bear what live orders may lose."""
    with hold_margin_account(user) as account, transaction.atomic():
        moved = risk.transfer(user, asset, amount, to_margin)
        if not to_margin:
            refuse_beyond_live_orders(account)
    _tell(user)
    return moved


def borrow(user: User, asset: str, amount: Decimal) -> Loan:
    """As risk.services.borrow. INSUFFICIENT_MARGIN too if live orders may lose what bears the loan."""
    with hold_margin_account(user) as account, transaction.atomic():
        loan = risk.borrow(user, asset, amount)
        refuse_beyond_live_orders(account)
    _tell(user)
    return loan


def repay(user: User, asset: str, amount: Decimal | None) -> Loan:
    """As risk.services.repay."""
    loan = risk.repay(user, asset, amount)
    _tell(user)
    return loan


def _tell(user: User) -> None:
    publisher.tell(account_group(open_account(user).pk), {"type": "account.moved"})
