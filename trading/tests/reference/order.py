"""An order as it was asked for, and what became of it."""

LIMIT_KINDS = ("limit", "stop_limit", "take_profit_limit")
TAKE_PROFITS = ("take_profit_limit", "take_profit_market")
EXITS = ("take_profit", "stop_loss")


class Order:
    """state: "waiting" for its entry, "pending" for its trigger, "lying" in the book, or "ended".

    ended: the reason, "" for filled. shown: what others see of it while it lies.
    """

    price = quantity = budget = worst = display = expires_at = None
    kind, life, post_only, prevention = "limit", "gtc", False, "cancel_newest"
    source = trigger = trail = trail_rate = extreme = None
    protection_rate = 0
    group = role = None

    def __init__(self, number, owner, side, **terms):
        self.number = number
        self.owner = owner
        self.side = side
        for name, value in terms.items():
            assert hasattr(Order, name), name
            setattr(self, name, value)
        self.state = None
        self.filled = self.spent = self.cancelled = self.shown = self.reserve = 0
        self.arrival = 0
        self.fired = False
        self.ended = None

    @property
    def open(self):
        return self.quantity - self.filled - self.cancelled

    @property
    def enters_as_market(self):
        return self.kind not in LIMIT_KINDS

    @property
    def may_rest(self):
        return not self.enters_as_market and self.life in ("gtc", "gtd")

    def show(self):
        """Show the next slice of an iceberg, or all there is."""
        self.shown = self.open if self.display is None else min(self.display, self.open)

    # ---- conditions ----

    @property
    def waits_for_a_rise(self):
        is_stop = self.kind not in TAKE_PROFITS
        return is_stop == (self.side == "buy")

    def follow(self, price):
        """A trailing stop follows the best price seen since it was placed."""
        if self.kind != "trailing_stop":
            return
        best = max if self.side == "sell" else min
        self.extreme = price if self.extreme is None else best(self.extreme, price)
        distance = self.trail or max(1, self.extreme * self.trail_rate // 1_000_000)
        self.trigger = self.extreme - distance if self.side == "sell" else self.extreme + distance

    def is_true_at(self, price):
        if price is None or self.trigger is None:
            return False
        return price >= self.trigger if self.waits_for_a_rise else price <= self.trigger

    def worst_price_from(self, trigger):
        """Where an order that enters as a market order stops: floored for buys, raised for sells."""
        if self.side == "buy":
            return trigger * (1_000_000 + self.protection_rate) // 1_000_000
        return -(-trigger * (1_000_000 - self.protection_rate) // 1_000_000)
