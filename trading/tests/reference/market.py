"""The market: what can be asked of it, and what follows from each command."""

import copy

from trading.tests.reference import links, triggers
from trading.tests.reference.amending import amend
from trading.tests.reference.auction import uncross
from trading.tests.reference.order import EXITS
from trading.tests.reference.trading import could_trade, enter


class ReferenceMarket:
    """`live`: orders in the order in which they were taken; `done`: those that ended, by number.

    trades: (taker, maker, price, quantity), as they were made.
    Each command gives the name of a refusal, or None.
    """

    def __init__(self, fee_lots=None, widest=None):
        self.live = []
        self.done = {}
        self.groups = {}  # what was placed together, by the first one's number
        self.trades = []
        self.triggered = []  # their conditions came true; they enter one after the other
        self.prices = {"last": None, "mark": None, "index": None}
        self.status, self.ends_at = "open", None
        self.now = 0
        self.arrivals = 0
        self.fee_lots = fee_lots  # of so many lots that an entry fills one goes as a fee
        self.widest = widest  # trades of one command farther apart halt the market
        self.prices_of_command = []

    # ---- commands ----

    def place(self, *orders):
        for order in orders:
            if refusal := self._why_not(order):
                return refusal
        self.groups[orders[0].number] = orders
        self.live += orders
        for order in orders:
            self._take(order)
        self._follow_up()
        return None

    def cancel(self, number, owner):
        order = self.own(number, owner)
        if order is None:
            return "ORDER_NOT_OPEN"
        self.end(order, "CANCELLED_BY_USER")
        self._follow_up()
        return None

    def cancel_all(self, owner):
        for order in [order for order in self.live if order.owner == owner]:
            self.end(order, "CANCELLED_BY_USER")
        self._follow_up()

    def amend(self, number, owner, price=None, quantity=None, trigger=None):
        order = self.own(number, owner)
        if order is None:
            return "ORDER_NOT_OPEN"
        refusal = amend(self, order, price, quantity, trigger)
        if refusal is None:
            self._follow_up()
        return refusal

    def advance(self, now, mark=None, index=None):
        """Time goes on: what is too old ends, and prices elsewhere move."""
        self.now = now
        for order in list(self.live):
            if order.expires_at is not None and order.expires_at <= now:
                self.end(order, "EXPIRED")
        for source, price in (("mark", mark), ("index", index)):
            if price is not None and price != self.prices[source]:
                triggers.price_moves(self, source, price)
        self._follow_up()

    def set_status(self, status, ends_at=None):
        self._become(status, ends_at)
        self._follow_up()

    # ---- what follows ----

    def _follow_up(self):
        """A halt, counterparts, exits, the next triggered order, the end of an auction; until nothing is left to do."""
        while (
            self._breaks()
            or links.cancel_a_counterpart(self)
            or links.look_after_an_exit(self)
            or self._fires()
            or self._ends_its_auction()
        ):
            pass
        self.prices_of_command = []

    def _breaks(self):
        prices = self.prices_of_command
        if (
            self.widest is None
            or not prices
            or self.status != "open"
            or max(prices) - min(prices) <= self.widest
        ):
            return False
        self._become("halted", None)
        return True

    def _fires(self):
        if not self.triggered:
            return False
        order = self.triggered.pop(0)
        if order.ended is None:
            triggers.fire(self, order)
        return True

    def _ends_its_auction(self):
        is_over = self.status == "auction" and self.ends_at is not None and self.ends_at <= self.now
        if is_over:
            self._become("open", None)
        return is_over

    def _become(self, status, ends_at):
        """Whatever is crossed trades at one price before orders that come in can trade again."""
        if status in ("open", "post_only"):
            uncross(self)
        was, self.status, self.ends_at = self.status, status, ends_at
        if status != "open":
            self.triggered = []
        elif was != "open":
            triggers.judge_all(self)

    # ---- looks ----

    @property
    def matches(self):
        """Whether orders that come in can trade."""
        return self.status in ("open", "post_only")

    def lying(self, side):
        """Orders in the book as they would trade: best price first, oldest first."""
        sign = -1 if side == "buy" else 1
        lying = [order for order in self.live if order.state == "lying" and order.side == side]
        return sorted(lying, key=lambda order: (sign * order.price, order.arrival))

    def against(self, order):
        return self.lying("sell" if order.side == "buy" else "buy")

    def find(self, number):
        return next((order for order in self.live if order.number == number), None)

    def own(self, number, owner):
        order = self.find(number)
        return order if order is not None and order.owner == owner else None

    def group_of(self, order):
        return self.groups[order.group or order.number]

    # ---- small things ----

    def _why_not(self, order):
        """The refusal of a new order, or None."""
        if order.role in EXITS:
            follows_nothing = order.kind == "trailing_stop" and self.prices[order.source] is None
            return "NO_REFERENCE_PRICE" if follows_nothing and order.source != "last" else None
        if not self._is_open_to(order):
            return "MARKET_NOT_OPEN"
        if order.source is not None:
            return triggers.why_not_pending(self, order)
        takes = order.post_only and self.matches and could_trade(self, order)
        return "POST_ONLY_WOULD_TAKE" if takes else None

    def _is_open_to(self, order):
        if self.status == "post_only":
            return order.kind == "limit" and order.post_only
        if self.status == "auction":
            return order.kind == "limit" and order.life in ("gtc", "gtd") and not order.post_only
        return self.status == "open"

    def _take(self, order):
        if order.role in EXITS:
            order.state = "waiting"
        elif order.source is None:
            enter(self, order)
        else:
            triggers.arm(self, order)
            order.reserve = links.keeps_back(self, order)

    def last_moves(self, price):
        self.prices_of_command.append(price)
        triggers.price_moves(self, "last", price)

    def end(self, order, reason):
        if order.budget is not None:
            order.quantity = order.filled
        order.cancelled += order.open
        order.state, order.ended = "ended", reason
        self.live.remove(order)
        self.done[order.number] = order

    def arrive(self):
        self.arrivals += 1
        return self.arrivals

    def copy(self):
        """To try something out."""
        trial = ReferenceMarket()
        trial.live = [copy.copy(order) for order in self.live]
        trial.arrivals = self.arrivals
        return trial
