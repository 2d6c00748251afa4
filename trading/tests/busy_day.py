"""A day on which everything happens in one market: all types of orders, linked ones, icebergs, expiries, self-trades,
amends, prices from outside, a halt and a call auction. The same seed asks for the same things.
"""

import random
from decimal import Decimal

from common import clock
from market.models import Price
from market.services import set_price
from trading.matching_service.requests import (
    AmendRequest,
    CancelAllRequest,
    CancelRequest,
    LinkedRequest,
    PlaceRequest,
    StatusRequest,
    SweepRequest,
)
from trading.models import Order
from trading.rules import NewOrder
from trading.services import submit

SYMBOL = "BTC-USDT"
MIDDLE, TICK, LOT = 3_000_000, Decimal("0.01"), Decimal("0.001")
PREVENTIONS = ("cancel_newest", "cancel_oldest", "cancel_both", "decrement")
TRIGGERS = ("stop_limit", "stop_market", "take_profit_limit", "take_profit_market", "trailing_stop")


class BusyDay:
    """`accounts`: who trades; outcomes: of every request, in order."""

    def __init__(self, accounts, seed=7, symbol=SYMBOL):
        self.chance = random.Random(seed)
        self.accounts, self.symbol = list(accounts), symbol
        self.outcomes = []

    def trade(self, batches, most=5):
        for number in range(batches):
            if number % 10 == 3:
                price = (MIDDLE + self.chance.randint(-12, 12)) * TICK
                set_price(self.symbol, price, Price.Source.REPLAY)
            self.ask(*(self._request() for _ in range(self.chance.randint(1, most))))
            if number % 40 == 25:
                self._halt_and_reopen()

    def leave_one_of_each(self):
        """Live orders of every status: partly filled, open with exits that wait for it, and waiting for a price."""
        first, second = self.accounts[:2]
        self.ask(*(CancelAllRequest(account) for account in self.accounts))
        self.ask(
            PlaceRequest(first, NewOrder("sell", "limit", 9 * LOT, MIDDLE * TICK)),
            PlaceRequest(second, NewOrder("buy", "limit", 4 * LOT, MIDDLE * TICK)),
            PlaceRequest(first, NewOrder("sell", "stop_market", LOT, trigger_price=(MIDDLE - 50) * TICK)),
        )
        entry = NewOrder("buy", "limit", 5 * LOT, (MIDDLE - 20) * TICK)
        target = NewOrder("sell", "limit", 5 * LOT, (MIDDLE + 20) * TICK)
        stop = NewOrder("sell", "trailing_stop", 5 * LOT, trail_amount=9 * TICK)
        linked = LinkedRequest(second, (entry, target, stop), ("entry", "take_profit", "stop_loss"))
        self.ask(linked, PlaceRequest(first, NewOrder("buy", "trailing_stop", LOT, trail_amount=90 * TICK)))

    def ask(self, *requests):
        self.outcomes += submit(self.symbol, requests)

    def _halt_and_reopen(self):
        self.ask(StatusRequest("halted", "a test"), self._request())
        self.ask(StatusRequest("auction", "a test"))
        for _ in range(6):
            self.ask(self._request(), self._crossing())
        self.ask(StatusRequest("open", "a test"))

    # ---- one request ----

    def _request(self):
        chance, account = self.chance, self.chance.choice(self.accounts)
        kind = chance.random()
        own = self._own(account) if kind < 0.3 else []
        if own and kind < 0.12:
            return CancelRequest(account, chance.choice(own).pk)
        if own and kind < 0.28:
            return self._amend(account, chance.choice(own))
        if kind < 0.29:
            return CancelAllRequest(account)
        if kind < 0.31:
            return SweepRequest()
        if kind < 0.4:
            return self._linked(account)
        return PlaceRequest(account, self._order())

    def _own(self, account):
        return list(Order.objects.filter(account_id=account, status__in=Order.ACTIVE_STATUSES).order_by("id"))

    def _amend(self, account, order):
        price = None if order.price is None else order.price + self.chance.choice((-3, 0, 0, 3)) * TICK
        quantity = order.quantity + self.chance.choice((-5, -1, 0, 5)) * LOT
        trigger = None
        if order.status == "pending_trigger" and order.type != "trailing_stop" and self.chance.random() < 0.5:
            trigger = order.conditions.trigger_price + self.chance.choice((-2, 2)) * TICK
        return AmendRequest(account, order.pk, price, quantity if quantity > 0 else None, trigger)

    def _order(self, **terms):
        chance = self.chance
        side, quantity = chance.choice(("buy", "sell")), chance.randint(1, 40) * LOT
        price = (MIDDLE + chance.randint(-9, 9)) * TICK
        terms.setdefault("self_trade_prevention", chance.choice(PREVENTIONS))
        kind = chance.random()
        if kind < 0.2:
            return self._waiting(side, quantity, chance.choice(TRIGGERS), **terms)
        if kind < 0.34:
            return self._market(side, quantity, price, **terms)
        if kind < 0.44:
            return NewOrder(
                side, "limit", quantity, price, time_in_force=chance.choice(("ioc", "fok")), **terms
            )
        if kind < 0.54:
            return NewOrder(side, "limit", 4 * quantity, price, display_quantity=quantity, **terms)
        if kind < 0.64:
            soon = clock.to_ms(clock.now()) + chance.choice((5, 30, 80, 60_000))
            return NewOrder(side, "limit", quantity, price, time_in_force="gtd", expires_at=soon, **terms)
        return NewOrder(side, "limit", quantity, price, post_only=chance.random() < 0.2, **terms)

    def _market(self, side, quantity, price, **terms):
        if side == "buy" and self.chance.random() < 0.6:
            cost = price * quantity + Decimal("0.00000012345")  # no whole number of steps
            return NewOrder(side, "market", quote_quantity=cost, **terms)
        return NewOrder(side, "market", quantity, **terms)

    def _crossing(self):
        side = self.chance.choice(("buy", "sell"))
        price = (MIDDLE + (15 if side == "buy" else -15)) * TICK
        new = NewOrder(side, "limit", 20 * LOT, price, self_trade_prevention="decrement")
        return PlaceRequest(self.chance.choice(self.accounts), new)

    def _waiting(self, side, quantity, type, **terms):
        chance = self.chance
        terms.setdefault("trigger_source", chance.choice((None, "last", "mark", "index")))
        if type == "trailing_stop":
            trail = (
                {"trail_amount": 4 * TICK} if chance.random() < 0.5 else {"trail_percent": Decimal("0.01")}
            )
            return NewOrder(side, type, quantity, **trail, **terms)
        away = chance.randint(1, 8) * (1 if (side == "buy") != type.startswith("take_profit") else -1)
        trigger = (MIDDLE + away) * TICK
        price = trigger + chance.randint(-3, 3) * TICK if type.endswith("limit") else None
        return NewOrder(side, type, quantity, price, trigger_price=trigger, **terms)

    def _linked(self, account):
        chance, side, quantity = (
            self.chance,
            self.chance.choice(("buy", "sell")),
            self.chance.randint(2, 30) * LOT,
        )
        up = 1 if side == "sell" else -1
        target = NewOrder(side, "limit", quantity, (MIDDLE + up * chance.randint(1, 9)) * TICK)
        stop = NewOrder(
            side, chance.choice(("stop_limit", "stop_market")), quantity,
            trigger_price=(MIDDLE - up * chance.randint(1, 9)) * TICK,
        )  # fmt: skip
        if stop.type == "stop_limit":
            stop = NewOrder(side, stop.type, quantity, stop.trigger_price, trigger_price=stop.trigger_price)
        if chance.random() < 0.5:
            return LinkedRequest(account, (target, stop), ("oco", "oco"))
        opposite = "buy" if side == "sell" else "sell"
        kind = chance.choice(("limit", "market"))
        entry = NewOrder(opposite, kind, quantity, MIDDLE * TICK if kind == "limit" else None)
        exits = [(target, "take_profit"), (stop, "stop_loss")]
        exits = exits if chance.random() < 0.6 else [chance.choice(exits)]
        return LinkedRequest(
            account, (entry, *(order for order, _ in exits)), ("entry", *(role for _, role in exits))
        )
