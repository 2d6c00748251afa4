"""A new price, quantity or trigger for an order that has not ended."""

from trading.tests.reference.links import is_bound, keeps_back
from trading.tests.reference.order import LIMIT_KINDS
from trading.tests.reference.trading import could_trade, enter


def amend(market, order, price, quantity, trigger):
    """The refusal, or None. What is not given stays."""
    if order.state == "waiting" or is_bound(market, order):
        return "AMEND_INVALID"
    if order.state == "pending":
        return amend_pending(market, order, price, quantity, trigger)
    if trigger is not None:
        return "AMEND_INVALID"
    return amend_lying(market, order, price or order.price, quantity or order.quantity)


def amend_lying(market, order, price, quantity):
    if quantity <= order.filled + order.cancelled:
        return "AMEND_INVALID"
    keeps_its_place = price == order.price and quantity <= order.quantity
    if not is_allowed(market.status, order, keeps_its_place):
        return "MARKET_NOT_OPEN"
    if keeps_its_place:
        order.quantity = quantity  # the hidden part of an iceberg shrinks first
        order.shown = min(order.shown, order.open)
        return None
    old_price, order.price = order.price, price
    if order.post_only and market.matches and could_trade(market, order):
        order.price = old_price
        return "POST_ONLY_WOULD_TAKE"
    order.quantity = quantity
    enter(market, order)
    return None


def is_allowed(status, order, keeps_its_place):
    if status == "post_only":
        return order.post_only or keeps_its_place
    return status in ("open", "auction")


def amend_pending(market, order, price, quantity, trigger):
    if market.status != "open":
        return "MARKET_NOT_OPEN"
    if price is not None and order.kind not in LIMIT_KINDS:
        return "AMEND_INVALID"
    if trigger is not None and order.kind == "trailing_stop":
        return "AMEND_INVALID"
    old_trigger, order.trigger = order.trigger, trigger or order.trigger
    if order.is_true_at(market.prices[order.source]):
        order.trigger = old_trigger
        return "WOULD_TRIGGER_AT_ONCE"
    order.price, order.quantity = price or order.price, quantity or order.quantity
    order.arrival = market.arrive()
    order.reserve = keeps_back(market, order)
    return None
