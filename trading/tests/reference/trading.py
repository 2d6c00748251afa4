"""An order that comes in trades with the best order against it, again and again, until nothing can be done."""


def enter(market, order):
    """The order comes in at this moment: it trades what it can, and rests or ends."""
    order.state, order.arrival = "lying", market.arrive()
    if market.matches:
        if order.life == "fok" and not can_be_filled_whole(market, order):
            market.end(order, "FOK_NOT_FILLABLE")
        trade(market, order)
        if order.ended is None and not order.may_rest:
            market.end(order, why_it_stops(market, order))
    order.show()


def why_it_stops(market, order):
    if not order.enters_as_market:
        return "IOC_REMAINDER"
    return "PRICE_PROTECTION" if market.against(order) else "NO_LIQUIDITY"


def trade(market, taker):
    """One maker after the other, the book sorted anew for each."""
    while taker.ended is None:
        maker = best_against(market, taker)
        if maker is None:
            return
        wanted = taker.open if taker.budget is None else (taker.budget - taker.spent) // maker.price
        if wanted == 0:
            market.end(taker, "" if taker.filled else "COST_BELOW_ONE_LOT")
        elif maker.owner == taker.owner:
            prevent_self_trade(market, taker, maker, min(wanted, maker.shown))
        else:
            fill(market, taker, maker, min(wanted, maker.shown))


def best_against(market, taker):
    """The order to trade with next, if the taker's price reaches it."""
    limit = taker.worst if taker.price is None else taker.price
    for maker in market.against(taker):
        if limit is None:
            return maker
        reaches = maker.price <= limit if taker.side == "buy" else maker.price >= limit
        return maker if reaches else None
    return None


def fill(market, taker, maker, quantity):
    market.trades.append((taker.number, maker.number, maker.price, quantity))
    for order in (taker, maker):
        order.filled += quantity
    taker.spent += quantity * maker.price
    take_from_slice(market, maker, quantity, "")
    if taker.budget is None:
        if taker.open == 0:
            market.end(taker, "")
    elif taker.budget - taker.spent < maker.price:  # and later prices are no better
        market.end(taker, "")
    market.last_moves(maker.price)


def take_from_slice(market, maker, quantity, reason):
    """The shown slice is used up by so much: the next one is shown behind everybody at that price."""
    maker.shown -= quantity
    if maker.open == 0:
        market.end(maker, reason)
    elif maker.shown == 0:
        maker.show()
        maker.arrival = market.arrive()


def prevent_self_trade(market, taker, maker, quantity):
    if taker.prevention == "decrement":
        if taker.life == "fok":  # it could not be filled whole any more
            market.end(taker, "SELF_TRADE_PREVENTED")
            return
        decrement(market, taker, maker, quantity)
        return
    if taker.prevention in ("cancel_oldest", "cancel_both"):
        market.end(maker, "SELF_TRADE_PREVENTED")
    if taker.prevention in ("cancel_newest", "cancel_both"):
        market.end(taker, "SELF_TRADE_PREVENTED")


def decrement(market, taker, maker, quantity):
    maker.cancelled += quantity
    take_from_slice(market, maker, quantity, "SELF_TRADE_PREVENTED")
    if taker.budget is None:
        taker.cancelled += quantity
        if taker.open == 0:
            market.end(taker, "SELF_TRADE_PREVENTED")
    else:
        taker.spent += quantity * maker.price
        if taker.budget - taker.spent < maker.price:
            market.end(taker, "SELF_TRADE_PREVENTED")


def could_trade(market, order):
    return best_against(market, order) is not None


def can_be_filled_whole(market, order):
    """Tried out on a copy of the book."""
    trial = market.copy()
    attempt = trial.find(order.number)
    trade(trial, attempt)
    return attempt.ended == ""
