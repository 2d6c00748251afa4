"""The core alone, as a trading pit: people call out orders in ticks and lots, and the book is drawn as a ladder.

    sell 102 | carol 2
    sell 101 | bob 3, carol 1
    buy   99 | alice 5

Highest price first; at each price who trades first stands first.
"""

from trading.matching.book import Book
from trading.matching.commands import Amend, Cancel, CancelAll, Place
from trading.matching.decide import Refusal, decide
from trading.matching.events import Accepted, Amended, Cancelled, Reduced, Traded

PEOPLE = {"alice": 1, "bob": 2, "carol": 3, "dave": 4}
NAMES = {number: name for name, number in PEOPLE.items()}


class Slip:
    """What became of an order, counted from events alone. `ended`: the reason, "" for filled, None if open."""

    def __init__(self, accepted):
        self.quantity = accepted.quantity
        self.filled = self.cancelled = 0
        self.ended = None
        self.is_by_cost = accepted.budget is not None

    @property
    def open(self):
        return self.quantity - self.filled - self.cancelled

    def adds_up(self):
        return self.open >= 0 and (self.ended is None) == (self.open > 0)

    def close_if_done(self):
        if self.is_by_cost:
            self.quantity = self.filled
        if self.ended is None and self.open == 0:
            self.ended = ""

    def result(self):
        return self.quantity, self.filled, self.cancelled, self.ended


class Pit:
    """A book, the events that made it, and a slip for each order.

    trades: (taker's order, maker's order, price, quantity), as they were made.
    """

    def __init__(self):
        self.book = Book()
        self.events = []
        self.trades = []
        self.slips = {}
        self.numbers = 0

    # ---- calls ----

    def buys(self, who, quantity=None, at=None, **terms):
        return self.calls("buy", who, quantity, at, **terms)

    def sells(self, who, quantity=None, at=None, **terms):
        return self.calls("sell", who, quantity, at, **terms)

    def calls(self, side, who, quantity, at, **terms):
        """The order's number, or the refusal's name. Without a price it is a market order."""
        self.numbers += 1
        kind = "market" if at is None else "limit"
        if kind == "market":
            terms.setdefault("time_in_force", "ioc")
        place = Place(self.numbers, PEOPLE[who], side, kind, at, quantity, **terms)
        return self.carries_out(place) or self.numbers

    def cancels(self, who, number):
        return self.carries_out(Cancel(number, PEOPLE[who]))

    def cancels_all(self, who):
        return self.carries_out(CancelAll(PEOPLE[who]))

    def amends(self, who, number, price=None, quantity=None):
        return self.carries_out(Amend(number, PEOPLE[who], price, quantity))

    def carries_out(self, command):
        """The refusal's name, None if the command was carried out."""
        decision = decide(self.book, command)
        if isinstance(decision, Refusal):
            return decision.code.name
        self.book.apply_all(decision)
        self.events += decision
        touched = {number for event in decision for number in self._note(event)}
        for number in touched:
            self.slips[number].close_if_done()
        return None

    # ---- looks ----

    def prints(self):
        """Trades as they are called out."""
        verbs = {"buy": "buys", "sell": "sells"}
        return [
            f"{NAMES[e.taker_account_id]} {verbs[e.taker_side]} {e.quantity} at {e.price} "
            f"{'from' if e.taker_side == 'buy' else 'to'} {NAMES[e.maker_account_id]}"
            for e in self.events
            if type(e) is Traded
        ]

    def ladder(self):
        return draw(self.book, NAMES)

    def slip(self, number):
        return self.slips[number].result()

    # ---- counting ----

    def _note(self, event):
        """Put an event on the slips of its orders; their numbers."""
        if type(event) is Traded:
            self.trades.append((event.taker_order_id, event.maker_order_id, event.price, event.quantity))
            for number in (event.taker_order_id, event.maker_order_id):
                self.slips[number].filled += event.quantity
            return event.taker_order_id, event.maker_order_id
        if type(event) is Accepted:
            self.slips[event.order_id] = Slip(event)
        elif type(event) is Amended:
            self.slips[event.order_id].quantity = event.quantity
        elif type(event) is Reduced and event.reason == "AMENDED":
            self.slips[event.order_id].quantity -= event.quantity
        else:
            self.slips[event.order_id].cancelled += event.quantity
            if type(event) is Cancelled:
                self.slips[event.order_id].ended = event.reason.value
        return (event.order_id,)


def draw(book, names):
    """The book as a ladder, see above. names: of accounts."""
    rows = []
    for side, prices in (
        ("sell", reversed(book.sides["sell"].keys)),
        ("buy", [-k for k in book.sides["buy"].keys]),
    ):
        for price in prices:
            queue = ", ".join(
                f"{names[order.account_id]} {order.open}" for order in book.sides[side].levels[price]
            )
            rows.append(f"{side} {price} | {queue}")
    return rows


def ladder(text):
    """A drawing in a test, as `draw` gives it."""
    return [" ".join(line.split()) for line in text.strip().splitlines() if line.strip()]
