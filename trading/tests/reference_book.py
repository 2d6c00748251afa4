"""A matching engine as naive as can be: plain lists, sorted anew for every trade.

It shares no code with trading/matching and is slow on purpose, so that what it does can be seen at a glance.
The fast core must agree with it command by command. Prices are in ticks, quantities in lots.
"""

import copy


class Order:
    def __init__(
        self, number, owner, side, kind, price, quantity, budget, life, post_only, prevention, arrival
    ):
        self.number = number
        self.owner = owner
        self.side = side
        self.kind = kind
        self.price = price
        self.quantity = quantity
        self.budget = budget
        self.life = life
        self.post_only = post_only
        self.prevention = prevention
        self.arrival = arrival
        self.filled = 0
        self.spent = 0
        self.cancelled = 0
        self.last_price = None
        self.ended = None  # a reason, "" for filled

    @property
    def open(self):
        return self.quantity - self.filled - self.cancelled


class ReferenceBook:
    """`orders` rest, `done` have ended. `trades`: (taker, maker, price, quantity), as they were made."""

    def __init__(self):
        self.orders = {}
        self.done = {}
        self.trades = []
        self.arrivals = 0

    # ---- commands: each gives the name of a refusal, or None ----

    def place(self, number, owner, side, kind, price, quantity, budget, life, post_only, prevention):
        order = Order(
            number, owner, side, kind, price, quantity, budget, life, post_only, prevention, self._arrive()
        )
        if post_only and self._could_trade(order):
            return "POST_ONLY_WOULD_TAKE"
        if life == "fok" and not self._can_be_filled_whole(order):
            self._end(order, "FOK_NOT_FILLABLE")
        self.orders[number] = order
        self._trade(order)
        if order.ended is None and (kind == "market" or life != "gtc"):
            self._end(order, "NO_LIQUIDITY" if kind == "market" else "IOC_REMAINDER")
        self._clear_away()
        return None

    def cancel(self, number, owner):
        order = self._own(number, owner)
        if order is None:
            return "ORDER_NOT_OPEN"
        self._end(order, "CANCELLED_BY_USER")
        self._clear_away()
        return None

    def cancel_all(self, owner):
        for order in self._resting():
            if order.owner == owner:
                self._end(order, "CANCELLED_BY_USER")
        self._clear_away()

    def amend(self, number, owner, price, quantity):
        order = self._own(number, owner)
        if order is None:
            return "ORDER_NOT_OPEN"
        price = price or order.price
        quantity = quantity or order.quantity
        if quantity <= order.filled + order.cancelled:
            return "AMEND_INVALID"
        if price == order.price and quantity <= order.quantity:
            order.quantity = quantity
            return None
        old_price, order.price = order.price, price
        if order.post_only and self._could_trade(order):
            order.price = old_price
            return "POST_ONLY_WOULD_TAKE"
        order.quantity = quantity
        order.arrival = self._arrive()
        self._trade(order)
        self._clear_away()
        return None

    # ---- looks ----

    def queue(self, side):
        """Resting orders as they would trade: best price first, oldest first."""
        resting = [order for order in self._resting() if order.side == side]
        sign = -1 if side == "buy" else 1
        return sorted(resting, key=lambda order: (sign * order.price, order.arrival))

    # ---- matching ----

    def _trade(self, taker):
        """One maker after the other, the book sorted anew for each, until nothing more can be done."""
        while taker.ended is None:
            maker = self._best_against(taker)
            if maker is None:
                return
            wanted = taker.open if taker.budget is None else (taker.budget - taker.spent) // maker.price
            if wanted == 0:
                self._end(taker, "" if taker.filled else "COST_BELOW_ONE_LOT")
            elif maker.owner == taker.owner:
                self._prevent_self_trade(taker, maker, wanted)
            else:
                self._fill(taker, maker, min(wanted, maker.open))

    def _best_against(self, taker):
        for maker in self.queue("sell" if taker.side == "buy" else "buy"):
            if taker.price is None:
                return maker
            reaches = maker.price <= taker.price if taker.side == "buy" else maker.price >= taker.price
            return maker if reaches else None
        return None

    def _fill(self, taker, maker, quantity):
        self.trades.append((taker.number, maker.number, maker.price, quantity))
        for order in (taker, maker):
            order.filled += quantity
        taker.spent += quantity * maker.price
        if maker.open == 0:
            self._end(maker, "")
        if taker.budget is None:
            if taker.open == 0:
                self._end(taker, "")
        elif taker.budget - taker.spent < maker.price:  # and later prices are no better
            self._end(taker, "")

    def _prevent_self_trade(self, taker, maker, wanted):
        if taker.prevention == "decrement":
            if taker.life == "fok":  # it could not be filled whole any more
                self._end(taker, "SELF_TRADE_PREVENTED")
                return
            self._decrement(taker, maker, min(wanted, maker.open))
            return
        if taker.prevention in ("cancel_oldest", "cancel_both"):
            self._end(maker, "SELF_TRADE_PREVENTED")
        if taker.prevention in ("cancel_newest", "cancel_both"):
            self._end(taker, "SELF_TRADE_PREVENTED")

    def _decrement(self, taker, maker, quantity):
        maker.cancelled += quantity
        if maker.open == 0:
            self._end(maker, "SELF_TRADE_PREVENTED")
        if taker.budget is None:
            taker.cancelled += quantity
            if taker.open == 0:
                self._end(taker, "SELF_TRADE_PREVENTED")
        else:
            taker.spent += quantity * maker.price
            if taker.budget - taker.spent < maker.price:
                self._end(taker, "SELF_TRADE_PREVENTED")

    # ---- small things ----

    def _resting(self):
        return [order for order in self.orders.values() if order.ended is None]

    def _own(self, number, owner):
        order = self.orders.get(number)
        return order if order and order.ended is None and order.owner == owner else None

    def _end(self, order, reason):
        if order.budget is not None:
            order.quantity = order.filled
        order.cancelled += order.open
        order.ended = reason

    def _could_trade(self, order):
        return self._best_against(order) is not None

    def _can_be_filled_whole(self, order):
        """Tried out on a copy of the book."""
        trial = ReferenceBook()
        trial.orders = copy.deepcopy(self.orders)
        attempt = copy.deepcopy(order)
        trial.orders[order.number] = attempt
        trial._trade(attempt)
        return attempt.ended == ""

    def _clear_away(self):
        for order in [order for order in self.orders.values() if order.ended is not None]:
            self.done[order.number] = self.orders.pop(order.number)

    def _arrive(self):
        self.arrivals += 1
        return self.arrivals
