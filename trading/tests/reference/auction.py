"""The call auction: one price for everybody."""


def uncross(market):
    """Trade at one price until nobody can; again, should prevented self-trades have left the book crossed."""
    while (price := auction_price(market)) is not None:
        trade_all_at(market, price)


def auction_price(market):
    """The largest volume, then the smallest imbalance, then nearest the last price, then the lowest."""
    buys, sells = market.lying("buy"), market.lying("sell")
    if not buys or not sells or buys[0].price < sells[0].price:
        return None
    candidates = range(sells[0].price, buys[0].price + 1)
    bought = {price: sum(o.open for o in buys if o.price >= price) for price in candidates}
    sold = {price: sum(o.open for o in sells if o.price <= price) for price in candidates}
    best = min((-min(bought[p], sold[p]), abs(bought[p] - sold[p])) for p in candidates)
    equal = [p for p in candidates if (-min(bought[p], sold[p]), abs(bought[p] - sold[p])) == best]
    last = market.prices["last"]
    doubled = equal[0] + equal[-1] if last is None else 2 * last
    return min(equal, key=lambda price: (abs(2 * price - doubled), price))


def trade_all_at(market, price):
    """The best buy with the best sell, as long as both accept the price; the younger of the two is the taker."""
    while True:
        buys = [order for order in market.lying("buy") if order.price >= price]
        sells = [order for order in market.lying("sell") if order.price <= price]
        if not buys or not sells:
            return
        maker, taker = sorted((buys[0], sells[0]), key=lambda order: order.arrival)
        quantity = min(maker.open, taker.open)
        if maker.owner == taker.owner:
            prevent(market, taker, maker, quantity)
        else:
            meet(market, taker, maker, price, quantity)


def meet(market, taker, maker, price, quantity):
    market.trades.append((taker.number, maker.number, price, quantity))
    for order in (maker, taker):
        order.filled += quantity
        order.spent += quantity * price
        settle_down(market, order, "")
    market.last_moves(price)


def prevent(market, taker, maker, quantity):
    if taker.prevention == "decrement":
        for order in (maker, taker):
            order.cancelled += quantity
            settle_down(market, order, "SELF_TRADE_PREVENTED")
    if taker.prevention in ("cancel_oldest", "cancel_both"):
        market.end(maker, "SELF_TRADE_PREVENTED")
    if taker.prevention in ("cancel_newest", "cancel_both"):
        market.end(taker, "SELF_TRADE_PREVENTED")


def settle_down(market, order, reason):
    """An order that lies and became smaller: gone, or shows what it can still show."""
    if order.open == 0:
        market.end(order, reason)
    else:
        order.show()
