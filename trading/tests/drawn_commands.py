"""Commands made from a few plain numbers, so that Hypothesis shrinks them and a seed repeats them."""

from typing import NamedTuple

from hypothesis import strategies as st

from trading.matching.commands import (
    Advance,
    Amend,
    Cancel,
    CancelAll,
    Place,
    PlaceLinked,
    SetStatus,
)
from trading.matching.terms import Conditions, Link, TriggerTerms

SIDES = ("buy", "sell")
BACK = {"buy": "sell", "sell": "buy"}
SOURCES = ("last", "mark", "index")
PREVENTIONS = ("cancel_newest", "cancel_oldest", "cancel_both", "decrement")
LIVES = ("gtc", "gtc", "gtc", "gtd", "gtd", "gtd", "ioc", "fok")
STOPS = ("stop_limit", "stop_market", "trailing_stop")
TAKE_PROFITS = ("take_profit_limit", "take_profit_market")
RATES = (0, 10_000, 30_000, 500_000)
STATES = ("auction", "halted", "post_only", "auction", "cancel_only", "open")

REOPENINGS = ("open", "open", "auction", "open", "post_only", "open", "open", "halted")


class Drawn(NamedTuple):
    """what: the mix below. who: an account. which: an order, or a time. extra: everything else."""

    what: int  # 0-999
    who: int  # 0-3
    which: int  # 0-999
    side: int  # 0-1
    price: int  # 94-106, of a market around 100
    quantity: int  # 1-20
    life: int  # 0-7
    prevention: int  # 0-3
    extra: int  # 0-9999


RANGES = Drawn((0, 999), (0, 3), (0, 999), (0, 1), (94, 106), (1, 20), (0, 7), (0, 3), (0, 9999))


drawn_commands = st.tuples(*(st.integers(low, high) for low, high in RANGES)).map(lambda drawn: Drawn(*drawn))


def draw(chance):
    """chance: a random.Random."""
    return Drawn(*(chance.randint(low, high) for low, high in RANGES))


class Commands:
    """Makes each drawn command fit the market as it is: orders that live, triggers near the price, a clock."""

    def __init__(self, market):
        self.market = market  # the naive one
        self.numbers = 0

    def make(self, drawn):
        for up_to, maker in MIX:
            if drawn.what < up_to:
                return maker(self, drawn)
        raise AssertionError(drawn)

    # ---- single orders ----

    def limit(self, drawn):
        return self._order(drawn, life=LIVES[drawn.life])

    def post_only(self, drawn):
        return self._order(drawn, post_only=True)

    def iceberg(self, drawn):
        return self._order(drawn, life=LIVES[drawn.life % 5], display=1 + drawn.extra % drawn.quantity)

    def market_order(self, drawn):
        if self.market.status != "open":
            return self.status(drawn)
        life = "fok" if drawn.life == 7 else "ioc"
        protection = drawn.price if drawn.extra % 3 == 0 else None
        by_cost = drawn.side == 0 and drawn.extra % 2
        budget = max(1, drawn.price * drawn.quantity + drawn.quantity * 7 - 60) if by_cost else None
        return self._order(drawn, "market", life=life, protection=protection, budget=budget)

    def trigger(self, drawn):
        kind = (*STOPS, *TAKE_PROFITS)[drawn.which % 5]
        return self._triggered(drawn, SIDES[drawn.side], kind, LIVES[drawn.life], drawn.which % 7 == 0)

    # ---- linked orders ----

    def pair(self, drawn):
        side, link = SIDES[drawn.side], Link(self.numbers + 1, "oco")
        if drawn.which % 3:
            away = 3 if side == "sell" else -3
            first = self._order(
                drawn._replace(price=drawn.price + away), life=LIVES[drawn.life % 5],
                post_only=drawn.which % 7 == 0, link=link,
            )  # fmt: skip
        else:
            first = self._triggered(drawn, side, TAKE_PROFITS[drawn.which % 2], link=link)
        second = self._triggered(drawn, side, STOPS[drawn.extra % 3], LIVES[drawn.life], link=link)
        return PlaceLinked((first, second))

    def bracket(self, drawn):
        group = self.numbers + 1
        kind = "market" if drawn.life == 5 and self.market.status == "open" else "limit"
        budget = drawn.price * drawn.quantity if kind == "market" and drawn.side == 0 else None
        entry = self._order(
            drawn, kind, life="ioc" if kind == "market" else LIVES[drawn.life],
            post_only=drawn.life < 3 and drawn.which % 5 == 0, budget=budget, link=Link(group, "entry"),
        )  # fmt: skip
        exits = (self._take_profit(drawn, group), self._stop_loss(drawn, group))
        chosen = (exits, exits, exits[:1], exits[1:])[drawn.which % 4]
        return PlaceLinked((entry, *chosen))

    def _take_profit(self, drawn, group):
        side, link = BACK[SIDES[drawn.side]], Link(group, "take_profit")
        if drawn.extra % 3 == 0:
            return self._triggered(drawn, side, TAKE_PROFITS[drawn.extra % 2], link=link)
        away = drawn.extra % 9 - 2
        price = drawn.price + (away if side == "sell" else -away)
        life, post_only = LIVES[drawn.extra % 5], drawn.extra % 11 == 0
        again = drawn._replace(side=SIDES.index(side), price=price)
        return self._order(again, life=life, post_only=post_only, link=link)

    def _stop_loss(self, drawn, group):
        side = BACK[SIDES[drawn.side]]
        return self._triggered(drawn, side, STOPS[drawn.extra // 3 % 3], link=Link(group, "stop_loss"))

    # ---- making orders ----

    def _order(
        self, drawn, kind="limit", life="gtc", post_only=False, protection=None, budget=None, display=None,
        trigger=None, link=None, side=None,
    ):  # fmt: skip
        self.numbers += 1
        expires_at = self.market.now + 1 + drawn.extra % 400 if life == "gtd" else None
        conditions = Conditions(display, expires_at, False, trigger, link)
        price = drawn.price if kind.endswith("limit") else None
        return Place(
            self.numbers, 1 + drawn.who, side or SIDES[drawn.side], kind, price,
            drawn.quantity if budget is None else None, budget, life, post_only and life in ("gtc", "gtd"),
            PREVENTIONS[drawn.prevention], protection, conditions if any(conditions) else None,
        )  # fmt: skip

    def _triggered(self, drawn, side, kind, life="gtc", post_only=False, link=None):
        terms = self._terms(drawn, side, kind)
        display = 1 + drawn.extra % drawn.quantity if drawn.extra % 5 == 0 and life != "fok" else None
        if not kind.endswith("limit"):
            life, post_only, display = "ioc", False, None
        return self._order(drawn, kind, life, post_only, None, None, display, terms, link, side)

    def _terms(self, drawn, side, kind):
        source, rate = SOURCES[drawn.extra % 3], RATES[drawn.extra // 9 % 4]
        if kind == "trailing_stop":
            if drawn.extra % 2:
                return TriggerTerms(source, None, 1 + drawn.extra // 3 % 5, None, rate)
            return TriggerTerms(source, None, None, 1_000 + drawn.extra * 5, rate)
        rises = (side == "buy") == (kind in STOPS)
        away = drawn.extra // 3 % 9 - 1  # one in nine is true already, and one just so
        present = self.market.prices[source] or 100
        return TriggerTerms(source, present + away if rises else present - away, protection_rate=rate)

    # ---- everything else ----

    def cancel(self, drawn):
        order = self._pick(drawn.which)
        return Cancel(1, 1) if order is None else Cancel(order.number, order.owner)

    def cancel_of_another(self, drawn):
        """Somebody else's, or one that is gone."""
        return Cancel(1 + drawn.which % max(1, self.numbers), 1 + drawn.who)

    def cancel_all(self, drawn):
        return CancelAll(1 + drawn.who)

    def amend(self, drawn):
        order = self._pick(drawn.which)
        if order is None:
            return Amend(1, 1, drawn.price)
        price = drawn.price if drawn.extra % 3 else None
        quantity = drawn.quantity if drawn.extra % 3 != 1 else None
        trigger = None
        if drawn.extra % 50 == 0 or (order.trigger and drawn.extra % 2):
            trigger, price = drawn.price + drawn.extra // 50 % 11 - 5, price if drawn.extra % 4 == 1 else None
        return Amend(order.number, order.owner, price, quantity, trigger)

    def advance(self, drawn):
        mark = 88 + drawn.extra % 25 if drawn.extra % 2 else None
        index = 88 + drawn.extra // 25 % 25 if drawn.extra % 4 > 1 else None
        return Advance(self.market.now + drawn.which % 60, mark, index)

    def status(self, drawn):
        state = STATES[drawn.extra % 6] if self.market.status == "open" else REOPENINGS[drawn.extra % 8]
        ends = self.market.now + drawn.which % 100 if state == "auction" and drawn.which % 3 else None
        return SetStatus(state, "STAFF", ends)

    def _pick(self, which):
        live = self.market.live
        return live[which % len(live)] if live else None


MIX = (
    (340, Commands.limit),
    (370, Commands.post_only),
    (440, Commands.iceberg),
    (510, Commands.market_order),
    (640, Commands.trigger),
    (690, Commands.pair),
    (750, Commands.bracket),
    (800, Commands.cancel),
    (815, Commands.cancel_of_another),
    (910, Commands.amend),
    (917, Commands.cancel_all),
    (985, Commands.advance),
    (1000, Commands.status),
)
