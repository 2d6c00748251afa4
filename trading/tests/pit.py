"""The core alone, as a trading pit: people call out orders in ticks and lots, and the book is drawn as a ladder.

    sell 102 | carol 2
    sell 101 | bob 3, carol 1 (+4)
    buy   99 | alice 5

Highest price first; at each price who trades first stands first; what an iceberg hides stands in brackets.
"""

from trading.matching.book import Book
from trading.matching.commands import (
    Activate,
    Advance,
    Amend,
    Cancel,
    CancelAll,
    Place,
    PlaceLinked,
    SetStatus,
)
from trading.matching.decide import Refusal, decide
from trading.matching.events import Traded, Uncrossed
from trading.matching.follow_up import follow_up
from trading.matching.terms import Conditions, Link, TriggerTerms
from trading.tests.slip import Slips

PEOPLE = {"alice": 1, "bob": 2, "carol": 3, "dave": 4}
NAMES = {number: name for name, number in PEOPLE.items()}
TRIGGERED_MARKET_ORDERS = ("stop_market", "take_profit_market", "trailing_stop")
FAR = 500_000  # millionths: by default a triggered market order may trade half its trigger price away


class Pit:
    """A book, the events that made it, and a slip for each order.

    trades: (taker's order, maker's order, price, quantity), as they were made.
    fee_lots: of so many lots that a bracket's entry fills one goes as a fee; None if none does.
    widest: how far apart the trades of one command may be before the market is halted; None if there is no limit.
    """

    def __init__(self, fee_lots=None, widest=None):
        self.book = Book()
        self.fee_lots = fee_lots
        self.widest = widest
        self.events = []
        self.trades = []
        self.slips = Slips()
        self.numbers = 0
        self.now = 0

    # ---- calls: the order's number or numbers, None for what has none, or the refusal's name ----

    def buys(self, who, quantity=None, at=None, **terms):
        return self.calls("buy", who, quantity, at, **terms)

    def sells(self, who, quantity=None, at=None, **terms):
        return self.calls("sell", who, quantity, at, **terms)

    def calls(self, side, who, quantity, at, **terms):
        """Without a price it is a market order; terms as in `order`."""
        placed = self.order(side, who, quantity, at, **terms)
        return self.carries_out(placed) or placed.order_id

    def calls_either(self, side, who, quantity, first, second):
        """An OCO pair. first, second: terms as in `order`."""
        group = self.numbers + 1
        pair = [self.order(side, who, quantity, link=Link(group, "oco"), **leg) for leg in (first, second)]
        return self._links(pair)

    def calls_bracket(self, side, who, quantity, entry, take_profit=None, stop_loss=None):
        """An entry with its exits. entry, take_profit, stop_loss: terms as in `order`."""
        group, back = self.numbers + 1, {"buy": "sell", "sell": "buy"}[side]
        orders = [self.order(side, who, quantity, link=Link(group, "entry"), **entry)]
        for role, exit in (("take_profit", take_profit), ("stop_loss", stop_loss)):
            if exit is not None:
                orders.append(self.order(back, who, quantity, link=Link(group, role), **exit))
        return self._links(orders)

    def order(self, side, who, quantity, at=None, link=None, display=None, until=None, **terms):
        """A Place. stop=, hits= or trail= / trail_rate= make it wait: a stop, a take-profit, a trailing stop."""
        self.numbers += 1
        kind, trigger = _trigger(at, terms)
        if kind in ("market", *TRIGGERED_MARKET_ORDERS):
            terms.setdefault("time_in_force", "ioc")
        elif until is not None:
            terms.setdefault("time_in_force", "gtd")
        if any((display, until, trigger, link)):
            terms["conditions"] = Conditions(display, until, False, trigger, link)
        return Place(self.numbers, PEOPLE[who], side, kind, at, quantity, **terms)

    def cancels(self, who, number):
        return self.carries_out(Cancel(number, PEOPLE[who]))

    def cancels_all(self, who):
        return self.carries_out(CancelAll(PEOPLE[who]))

    def amends(self, who, number, price=None, quantity=None, trigger_price=None):
        return self.carries_out(Amend(number, PEOPLE[who], price, quantity, trigger_price))

    def clock(self, now, mark=None, index=None):
        """It is `now` (milliseconds), and the prices elsewhere are these."""
        return self.carries_out(Advance(now, mark, index))

    def becomes(self, status, until=None):
        """Another state of the market."""
        return self.carries_out(SetStatus(status, "STAFF", until))

    def _links(self, orders):
        return self.carries_out(PlaceLinked(tuple(orders))) or tuple(order.order_id for order in orders)

    # ---- carrying out ----

    def carries_out(self, command):
        """The refusal's name, None if the command was carried out with all that follows from it."""
        if type(command) is Advance:
            self.now = command.now
        decision = decide(self.book, command)
        if isinstance(decision, Refusal):
            return decision.code.name
        traded = len(self.trades)
        self._happens(decision)
        while (following := self._what_follows(traded)) is not None:
            self._happens(decide(self.book, self._after_fees(following)))
        return None

    def _what_follows(self, traded):
        """A halt before anything else. traded: how many trades there were before the command."""
        prices = [price for *_, price, _ in self.trades[traded:]]
        too_wide = self.widest is not None and prices and max(prices) - min(prices) > self.widest
        if too_wide and self.book.status == "open":
            return SetStatus("halted", "BREAKER")
        return follow_up(self.book, self.now)

    def _after_fees(self, command):
        """Exits sell no more than the entry's fees left, in whole lots."""
        if type(command) is not Activate or self.fee_lots is None:
            return command
        fee = -(-command.quantity // self.fee_lots)
        return command._replace(quantity=command.quantity - fee)

    def _happens(self, events):
        self.book.apply_all(events)
        self.events += events
        self.slips.note(events)
        self.trades += [
            (event.taker_order_id, event.maker_order_id, event.price, event.quantity)
            for event in events
            if type(event) in (Traded, Uncrossed)
        ]

    # ---- looks ----

    def prints(self):
        """Trades as they are called out."""
        verbs = {"buy": "buys", "sell": "sells"}
        return [
            f"{NAMES[e.taker_account_id]} {verbs[e.taker_side]} {e.quantity} at {e.price} "
            f"{'from' if e.taker_side == 'buy' else 'to'} {NAMES[e.maker_account_id]}"
            for e in self.events
            if type(e) in (Traded, Uncrossed)
        ]

    def ladder(self):
        return draw(self.book, NAMES)

    def slip(self, number):
        """(quantity, filled, cancelled, why it ended)"""
        return self.slips[number].result()

    def status(self, number):
        order = self.book.orders.get(number)
        if order is not None:
            return order.status.value
        return {"": "filled", "EXPIRED": "expired", "WIND_DOWN": "expired"}.get(
            self.slips[number].ended, "cancelled"
        )

    def trigger(self, number):
        """(trigger, best price seen) of a waiting order."""
        armed = self.book.orders[number].armed
        return armed.trigger_price, armed.extreme

    def reserve(self, number):
        """What a waiting order keeps back per lot."""
        return self.book.orders[number].armed.reserve


def _trigger(at, terms):
    """(type, TriggerTerms or None) of the words stop=, hits=, trail=, trail_rate=, source=, within=."""
    source, rate = terms.pop("source", "last"), terms.pop("within", FAR)
    trail, trail_rate = terms.pop("trail", None), terms.pop("trail_rate", None)
    if trail or trail_rate:
        return "trailing_stop", TriggerTerms(source, None, trail, trail_rate, rate)
    enters = "market" if at is None else "limit"
    for word, kind in (("stop", "stop"), ("hits", "take_profit")):
        price = terms.pop(word, None)
        if price is not None:
            return f"{kind}_{enters}", TriggerTerms(source, price, protection_rate=rate)
    return enters, None


def draw(book, names):
    """The book as a ladder, see above. names: of accounts."""
    rows = []
    for side, prices in (
        ("sell", reversed(book.sides["sell"].keys)),
        ("buy", [-k for k in book.sides["buy"].keys]),
    ):
        for price in prices:
            queue = ", ".join(_place(order, names) for order in book.sides[side].levels[price])
            rows.append(f"{side} {price} | {queue}")
    return rows


def _place(order, names):
    hidden = f" (+{order.hidden})" if order.hidden else ""
    return f"{names[order.account_id]} {order.open - order.hidden}{hidden}"


def ladder(text):
    """A drawing in a test, as `draw` gives it."""
    return [" ".join(line.split()) for line in text.strip().splitlines() if line.strip()]
