"""Orders that wait for a price."""

from trading.tests.reference.trading import could_trade, enter


def why_not_pending(market, order):
    """The refusal of an order with a trigger, at the present price of its source."""
    price = market.prices[order.source]
    if order.kind == "trailing_stop":
        return "NO_REFERENCE_PRICE" if price is None else None
    return "WOULD_TRIGGER_AT_ONCE" if order.is_true_at(price) else None


def arm(market, order):
    """The order begins to wait, behind those that wait already."""
    order.state, order.arrival = "pending", market.arrive()
    if market.prices[order.source] is not None:
        order.follow(market.prices[order.source])


def price_moves(market, source, price):
    market.prices[source] = price
    if market.status == "open":
        judge(market, source)


def judge(market, source):
    """Trailing stops follow first; then whoever's condition is true queues up, in the order it was reached:

    rising ones from the lowest trigger, then falling ones from the highest; at one trigger the older first.
    """
    price = market.prices[source]
    watching = [order for order in market.live if order.state == "pending" and order.source == source]
    for order in watching:
        order.follow(price)
    true = [order for order in watching if order.is_true_at(price) and order not in market.triggered]
    rising = [order for order in true if order.waits_for_a_rise]
    falling = [order for order in true if not order.waits_for_a_rise]
    market.triggered += sorted(rising, key=lambda order: (order.trigger, order.arrival))
    market.triggered += sorted(falling, key=lambda order: (-order.trigger, order.arrival))


def judge_all(market):
    """What is true as the market opens: one source after the other."""
    for source in sorted(market.prices):
        if market.prices[source] is not None:
            judge(market, source)


def judge_new(market, order):
    """An exit may be true already when it begins to wait."""
    if market.status == "open" and order.is_true_at(market.prices[order.source]):
        market.triggered.append(order)


def fire(market, order):
    """The condition came true: the order enters as what it is."""
    order.fired = True
    if order.enters_as_market:
        order.life, order.worst = "ioc", order.worst_price_from(order.trigger)
    if order.post_only and could_trade(market, order):
        market.end(order, "POST_ONLY_WOULD_TAKE")
    else:
        enter(market, order)
