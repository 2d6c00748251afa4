"""What users do with their margin accounts; their open sockets hear of it."""

from decimal import Decimal

from accounts.models import LedgerTransaction, User
from accounts.services import open_account
from risk import services as risk
from risk.models import Loan
from trading.matching_service.publish import account_group, publisher


def transfer(user: User, asset: str, amount: Decimal, to_margin: bool) -> LedgerTransaction:
    """As risk.services.transfer."""
    moved = risk.transfer(user, asset, amount, to_margin)
    _tell(user)
    return moved


def borrow(user: User, asset: str, amount: Decimal) -> Loan:
    """As risk.services.borrow."""
    loan = risk.borrow(user, asset, amount)
    _tell(user)
    return loan


def repay(user: User, asset: str, amount: Decimal | None) -> Loan:
    """As risk.services.repay."""
    loan = risk.repay(user, asset, amount)
    _tell(user)
    return loan


def _tell(user: User) -> None:
    publisher.tell(account_group(open_account(user).pk), {"type": "account.moved"})
