"""Orders that hang together: OCO pairs, and entries with their exits."""

from trading.tests.reference import triggers
from trading.tests.reference.order import EXITS
from trading.tests.reference.trading import could_trade, enter


def cancel_a_counterpart(market):
    """Cancel one order whose counterpart has acted, if there is one."""
    for order in market.live:
        other = counterpart(market, order)
        if other is not None and has_acted(other):
            market.end(order, "LINKED_ORDER")
            return True
    return False


def counterpart(market, order):
    """The other leg of a pair; the other exit of a bracket."""
    if order.role not in ("oco", *EXITS):
        return None
    roles = EXITS if order.role in EXITS else ("oco",)
    others = [other for other in market.group_of(order) if other.role in roles and other is not order]
    return others[0] if others else None


def has_acted(order):
    """It traded, lost lots to a prevented self-trade, fired or ended; but not for the other's sake."""
    if order.ended == "LINKED_ORDER":
        return False
    return order.filled > 0 or order.cancelled > 0 or order.fired or order.ended is not None


def is_bound(market, order):
    """A leg or exit whose counterpart can still come to something."""
    other = counterpart(market, order)
    return other is not None and not has_acted(order) and other.ended is None


def look_after_an_exit(market):
    """An entry has ended: its exits become active for what it filled, or end with it. The older bracket first."""
    for order in market.live:
        entry = market.group_of(order)[0]
        if order.state == "waiting" and entry.ended is not None:
            lots = what_fees_leave(market, entry.filled)
            if lots:
                activate(market, order, lots)
            else:
                end_all_exits(market, entry)
            return True
    return False


def what_fees_leave(market, lots):
    """A fee is rounded up to whole lots."""
    return lots if market.fee_lots is None else lots * (market.fee_lots - 1) // market.fee_lots


def end_all_exits(market, entry):
    for order in market.group_of(entry):
        if order.state == "waiting":
            market.end(order, "ENTRY_ENDED")


def activate(market, order, quantity):
    order.quantity = quantity
    if order.source is not None:
        triggers.arm(market, order)
        order.reserve = keeps_back(market, order)
        triggers.judge_new(market, order)
    elif (order.post_only or market.status == "post_only") and market.matches and could_trade(market, order):
        market.end(order, "POST_ONLY_WOULD_TAKE")
    else:
        enter(market, order)


def keeps_back(market, order):
    """What a waiting order keeps back per lot: 1 lot of a sell, ticks of a buy.

    Of a pair only one can come to something: the second keeps back what the first does not.
    """
    first = counterpart(market, order)
    if first is None or market.group_of(order).index(first) > market.group_of(order).index(order):
        return own_need(order)
    return max(0, own_need(order) - own_need(first))


def own_need(order):
    if order.side == "sell":
        return 1
    return order.price if order.price is not None else order.worst_price_from(order.trigger)
