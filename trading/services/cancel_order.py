"""Cancelling orders."""

from accounts.selectors import account_ids_together_with
from common.errors import Refused
from trading import selectors
from trading.matching.terms import Reason
from trading.matching_service.requests import CancelAllRequest, CancelRequest, Done
from trading.models import Order
from trading.selectors import OrderReference
from trading.services.submit import submit


def cancel_order(account_id: int, reference: OrderReference) -> Order:
    """Cancel what is open of an order. Raises Refused ORDER_NOT_FOUND, ORDER_NOT_OPEN."""
    order = selectors.order_of(account_id, reference)
    [outcome] = submit(order.market.symbol, [CancelRequest(account_id, order.id)])
    if isinstance(outcome, Refused):
        raise outcome
    return selectors.order_of(account_id, order.id)


def cancel_all(account_id: int, symbol: str | None = None, reason: Reason = Reason.USER) -> list[int]:
    """Cancel every open order of the account, in one market or in all; the ids of those cancelled."""
    symbols = [symbol] if symbol is not None else selectors.symbols_with_open_orders(account_id)
    cancelled: list[int] = []
    for each in symbols:
        [outcome] = submit(each, [CancelAllRequest(account_id, reason)])
        if isinstance(outcome, Refused):
            raise outcome
        assert isinstance(outcome, Done)
        cancelled += outcome.order_ids
    return cancelled


def cancel_everywhere(account_id: int, symbol: str | None = None, reason: Reason = Reason.USER) -> list[int]:
    """As `cancel_all`, of a user's own account and of the margin account beside it."""
    accounts = account_ids_together_with(account_id)
    return [order_id for each in accounts for order_id in cancel_all(each, symbol, reason)]
