"""Changing open orders."""

from decimal import Decimal

from common.errors import ErrorCode, Refused
from trading import selectors
from trading.matching_service.requests import AmendRequest
from trading.models import Order
from trading.selectors import OrderReference
from trading.services.submit import submit


def amend_order(
    account_id: int, reference: OrderReference, price: Decimal | None = None,
    quantity: Decimal | None = None, trigger_price: Decimal | None = None,
) -> Order:  # fmt: skip
    """Change price, total quantity or, while the order waits for it, the trigger price.

    A smaller quantity keeps the place in the queue, anything else loses it.
    Raises Refused ORDER_NOT_FOUND, ORDER_NOT_OPEN, AMEND_INVALID and the refusals of a new order.
    """
    if price is None and quantity is None and trigger_price is None:
        raise Refused(ErrorCode.VALIDATION_ERROR, "Give a new price, quantity or trigger price.")
    order = selectors.order_of(account_id, reference)
    change = AmendRequest(account_id, order.id, price, quantity, trigger_price)
    [outcome] = submit(order.market.symbol, [change])
    if isinstance(outcome, Refused):
        raise outcome
    return selectors.order_of(account_id, order.id)
