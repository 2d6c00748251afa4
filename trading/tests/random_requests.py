"""Requests of every kind by chance, for a market in any state, against whatever lies in its book."""

from dataclasses import replace
from decimal import Decimal

from common import clock
from trading import services
from trading.matching.book import Book
from trading.matching_service import pipeline
from trading.matching_service.requests import LinkedRequest, StatusRequest, SweepRequest
from trading.rules import NewOrder
from trading.tests.random_orders import BANDS, PREVENTIONS, random_order

TRIGGER_TYPES = ("stop_limit", "stop_market", "take_profit_limit", "take_profit_market", "trailing_stop")
STATES = ("open", "open", "open", "post_only", "cancel_only", "halted", "auction", "auction")
WIDTH = 6  # prices are this many ticks from the middle at most


class Chance:
    """The same dice give the same requests in the same situation. `name` begins its client order ids.

    band: the middle price in ticks, the tick, the most lots of an order, and the lot.
    """

    def __init__(self, dice, symbol, accounts, band=None, name="by-chance"):
        self.dice, self.symbol, self.accounts = dice, symbol, accounts
        self.band = band or BANDS[symbol]
        self.middle, tick, self.lots, lot = self.band
        self.tick, self.lot = Decimal(tick), Decimal(lot)
        self.name, self.names = name, 0

    def request(self):
        """One of every kind that there is; a market that is not open opens again before long."""
        is_open = self._status() == "open"
        kinds = (
            (self._place, 36), (self._conditional, 30), (self._pair, 8), (self._bracket, 10), (self._cancel, 5),
            (self._amend, 12), (self._cancel_all, 1), (self._sweep, 2), (self._turn, 1 if is_open else 15),
        )  # fmt: skip
        makers, weights = zip(*kinds, strict=True)
        return self.dice.choices(makers, weights)[0]()

    def _account(self):
        return self.dice.choice(self.accounts)

    def _place(self):
        new = random_order(self.dice, self.symbol, self.band)
        return services.PlaceRequest(self._account(), new if new.client_order_id else self._named(new))

    def _conditional(self):
        """An iceberg, an order with an end, or one that waits for a price."""
        side, kind = self.dice.choice(("buy", "sell")), self.dice.random()
        if kind < 0.4:
            display = self.dice.randint(self.lots // 12, self.lots // 5) * self.lot
            new = replace(self._limit(side), display_quantity=display)
        elif kind < 0.5:
            new = replace(self._limit(side), time_in_force="gtd", expires_at=self._soon())
        else:
            new = self._waiting(side, self.dice.choice(TRIGGER_TYPES))
        return services.PlaceRequest(self._account(), self._named(new))

    def _pair(self):
        side = self.dice.choice(("buy", "sell"))
        quantity = self._quantity()
        kind = self.dice.choice(("limit", "limit", "take_profit_limit", "take_profit_market"))
        first = self._limit(side) if kind == "limit" else self._waiting(side, kind, "last")
        second = self._waiting(side, self.dice.choice(("stop_limit", "stop_market", "trailing_stop")))
        orders = tuple(self._named(replace(new, quantity=quantity)) for new in (first, second))
        return LinkedRequest(self._account(), orders, ("oco", "oco"))

    def _bracket(self):
        side = self.dice.choice(("buy", "sell"))
        away = "sell" if side == "buy" else "buy"
        quantity = self._quantity()
        entry = self._limit(side)
        if self.dice.random() < 0.3:
            entry = NewOrder(side, "market", self_trade_prevention=self._prevention())
        kind = self.dice.choice(("limit", "take_profit_limit", "take_profit_market"))
        profit = self._limit(away) if kind == "limit" else self._waiting(away, kind)
        loss = self._waiting(away, self.dice.choice(("stop_limit", "stop_market", "trailing_stop")))
        exits = self.dice.choice((((profit, "take_profit"), (loss, "stop_loss")), ((profit, "take_profit"),),
                                  ((loss, "stop_loss"),)))  # fmt: skip
        orders = tuple(
            self._named(replace(new, quantity=quantity)) for new in (entry, *(e for e, _ in exits))
        )
        return LinkedRequest(self._account(), orders, ("entry", *(role for _, role in exits)))

    def _cancel(self):
        order = self._some_order()
        return self._sweep() if order is None else services.CancelRequest(order.account_id, order.order_id)

    def _amend(self):
        """Other terms of any kind, many of which are refused."""
        order = self._some_order()
        if order is None:
            return self._sweep()
        dice = self.dice
        price = self._price() if order.price is not None and dice.random() < 0.5 else None
        lots = max(1, order.quantity + dice.randint(-self.lots // 3, self.lots // 4))
        quantity = lots * self.lot if dice.random() < 0.7 else None
        trigger = self._price() if order.armed is not None and dice.random() < 0.5 else None
        return services.AmendRequest(order.account_id, order.order_id, price, quantity, trigger)

    def _cancel_all(self):
        return services.CancelAllRequest(self._account())

    def _sweep(self):
        return SweepRequest()

    def _turn(self):
        status = self.dice.choice(STATES)
        seconds = self.dice.randint(1, 60) if status == "auction" and self.dice.random() < 0.7 else None
        return StatusRequest(status, "by chance", seconds)

    # ---- parts ----

    def _limit(self, side):
        return NewOrder(
            side, "limit", self._quantity(), self._price(), self_trade_prevention=self._prevention(),
            post_only=self.dice.random() < 0.1,
        )  # fmt: skip

    def _waiting(self, side, kind, source=None):
        """An order of a type that waits for a price; often it would fire at once, and is refused."""
        dice = self.dice
        terms = {"trigger_source": source or dice.choice(("last", "last", "last", "mark", "index"))}
        if kind == "trailing_stop":
            name = dice.choice(("trail_amount", "trail_percent"))
            terms[name] = dice.randint(1, 4) * self.tick if name == "trail_amount" else Decimal("0.01")
        else:
            rises = (side == "buy") != kind.startswith("take_profit")
            away = dice.randint(-1, WIDTH)
            terms["trigger_price"] = (self.middle + (away if rises else -away)) * self.tick
        price = self._price() if kind.endswith("limit") else None
        return NewOrder(
            side, kind, self._quantity(), price, self_trade_prevention=self._prevention(), **terms
        )

    def _named(self, new):
        self.names += 1
        return replace(new, client_order_id=f"{self.name}-{self.symbol}-{self.names}")

    def _price(self):
        return (self.middle + self.dice.randint(-WIDTH, WIDTH)) * self.tick

    def _quantity(self):
        return self.dice.randint(self.lots // 4, self.lots) * self.lot

    def _prevention(self):
        return self.dice.choice(PREVENTIONS)

    def _soon(self):
        return clock.to_ms(clock.now()) + self.dice.randint(1, 60_000)

    def _book(self):
        warm = pipeline._books.get(self.symbol)
        return Book() if warm is None else warm.book

    def _status(self):
        return self._book().status

    def _some_order(self):
        """Of those that wait for a price rather than of the others."""
        orders = self._book().orders
        waiting = [order_id for order_id, order in orders.items() if not order.rests]
        live = sorted(waiting if waiting and self.dice.random() < 0.4 else orders)
        return orders[self.dice.choice(live)] if live else None
