"""Suspending a user, with all that hangs on it."""

from accounts import services as accounts
from accounts.models import User
from trading.matching.terms import Reason
from trading.matching_service.publish import account_group, publisher
from trading.services.cancel_order import cancel_everywhere


def suspend_user(user: User, reason: str, by: User, *, cancel_orders: bool = False) -> list[int]:
    """The user's next request is refused and open sockets are closed; the ids of the orders cancelled.

    Raises Refused VALIDATION_ERROR without a reason, PERMISSION_DENIED for oneself.
    """
    accounts.suspend_user(user, reason, by)
    account_id = accounts.open_account(user).pk
    publisher.tell(account_group(account_id), {"type": "account.suspended"})
    return cancel_everywhere(account_id, reason=Reason.SUSPENDED) if cancel_orders else []
