"""What must be true of an event at the moment at which it happens, judged against the book before it."""

from collections.abc import Callable, Iterator
from typing import Any

from common.audit import Rule
from trading.audit.lives import LIFE, Lives
from trading.matching.auction import uncrossing_price
from trading.matching.book import Book
from trading.matching.commands import Activate, Trigger, Unlink
from trading.matching.events import (
    Accepted,
    Activated,
    Amended,
    Cancelled,
    Deleveraged,
    Event,
    Rearmed,
    Reduced,
    StatusChanged,
    Traded,
    Triggered,
    Uncrossed,
)
from trading.matching.follow_up import follow_up
from trading.matching.reducing import is_reducing, reducible
from trading.matching.terms import BUY, CANCEL_ONLY, HALTED, MATCHING, OPEN, OPPOSITE, PRICED_TYPES, Reason
from trading.matching.triggers import worst_price

QUEUE = Rule("L4-QUEUE", 4, "every fill took the best price, and at that price the oldest order")
UNCROSSED = Rule("L4-UNCROSSED", 4, "the book was never crossed after an order had been carried out")
AUCTION = Rule("L4-AUCTION", 4, "a call auction trades at the one price of the largest volume")
STATE = Rule("L4-STATE", 4, "orders come in, fire and trade only where the market's state allows it")
PROTECTION = Rule("L4-PROTECTION", 4, "what trades as a market order stays within its price protection")
REDUCES = Rule("L4-REDUCES", 4, "reduce-only orders and deleveraging close positions and open none")
FOLLOWED = Rule("L4-FOLLOWED", 4, "orders fire in their turn; counterparts end and exits wake at once")

Finding = tuple[Rule, str, dict[str, Any]]  # what is wrong with an event, in words that follow "event 7 ..."

# Where these kinds of events may happen.
_STATES: dict[type, Callable[[str], bool]] = {
    Accepted: lambda status: status not in (CANCEL_ONLY, HALTED),
    Amended: lambda status: status not in (CANCEL_ONLY, HALTED),
    Rearmed: lambda status: status == OPEN,
    Triggered: lambda status: status == OPEN,
    Traded: lambda status: status in MATCHING,
    Uncrossed: lambda status: status not in MATCHING,
    Deleveraged: lambda status: status == OPEN,
}
_EXITS_END = (Reason.ENTRY_ENDED, Reason.FUNDS, Reason.MARGIN, Reason.BELOW_ONE_LOT)


class Judges:
    """All of them, with what they remember of earlier events of the same command."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.lives = Lives()
        self._worst: tuple[int, int] | None = (
            None  # the order that enters as a market order, and its worst price
        )
        self._reducing = 0  # the newest order to enter that may only reduce
        self._auction: int | None = None  # the price of the auction in hand
        self._prevented = False  # in it, a trade of somebody with themself
        self._woken = 0  # the entry whose exits were looked after last
        self._by_kind: dict[type, tuple[Callable[[Any], Iterator[Finding]], ...]] = {
            Accepted: (self._begins, self._enters),
            Amended: (self._begins,),
            Rearmed: (self._begins,),
            Traded: (self._in_turn, self._within_protection, self._reduces),
            Uncrossed: (self._both_in_turn, self._at_the_one_price, self._reduces),
            Deleveraged: (self._closes_both,),
            Cancelled: (self._ends_a_counterpart, self._prevents_in_auction),
            Reduced: (self._prevents_in_auction,),
            Triggered: (self._fires, self._enters),
            Activated: (self._wakes, self._enters_reducing),
            StatusChanged: (self._opens,),
        }

    def look(self, event: Event) -> Iterator[Finding]:
        """What is wrong with the next event. To be called once for every event, before the book has it."""
        kind = type(event)
        allowed = _STATES.get(kind)
        if allowed is not None and not allowed(self.book.status):
            yield STATE, f"({kind.__name__.lower()}) happened while the market was {self.book.status}", {}
        for judge in self._by_kind.get(kind, ()):
            yield from judge(event)
        wrong = self.lives.live(event)
        if wrong is not None:
            yield LIFE, wrong[1], {"order_id": wrong[0]}

    # ---- commands begin ----

    def _begins(self, event: Accepted | Amended | Rearmed) -> Iterator[Finding]:
        """Everything that came before is done by now: nothing crosses, and nothing is still to fire."""
        if type(event) is Accepted and _follows_another(event):
            return
        if self.book.status in MATCHING and self.book.is_crossed():
            yield UNCROSSED, "found the book crossed", {}
        left = follow_up(self.book, 0)
        if left is not None:
            yield FOLLOWED, f"came before {_named(left)}", {}

    def _opens(self, event: StatusChanged) -> Iterator[Finding]:
        self._auction, self._prevented = None, False
        if event.status in MATCHING and self.book.is_crossed():
            yield UNCROSSED, f"turns the market {event.status} while the book is crossed", {}

    def _enters(self, event: Accepted | Triggered) -> Iterator[Finding]:
        """Remember how far an order that enters as a market order may trade, and whether it may only reduce."""
        yield from self._enters_reducing(event)
        if type(event) is Accepted:
            if event.protection is not None:
                self._worst = event.order_id, event.protection
        else:
            order = self.book.orders[event.order_id]
            assert order.armed is not None and order.conditions is not None
            terms = order.conditions.trigger
            assert terms is not None
            if order.type not in PRICED_TYPES:
                self._worst = event.order_id, worst_price(order.side, order.armed.trigger_price, terms)
        yield from ()

    def _enters_reducing(self, event: Accepted | Triggered | Activated) -> Iterator[Finding]:
        order = self.book.orders.get(event.order_id)
        conditions = event.conditions if type(event) is Accepted else order.conditions if order else None
        if is_reducing(conditions):
            self._reducing = event.order_id
        yield from ()

    # ---- trades ----

    def _in_turn(self, trade: Traded) -> Iterator[Finding]:
        first = self._first(OPPOSITE[trade.taker_side])
        if first != trade.maker_order_id:
            yield _out_of_turn(trade.maker_order_id, first)

    def _both_in_turn(self, trade: Uncrossed) -> Iterator[Finding]:
        for side in (trade.taker_side, OPPOSITE[trade.taker_side]):
            order_id = trade.taker_order_id if side == trade.taker_side else trade.maker_order_id
            first = self._first(side)
            if first != order_id:
                yield _out_of_turn(order_id, first)

    def _first(self, side: str) -> int | None:
        """The order that is first in line on a side."""
        best = self.book.sides[side].best()
        first = self.book.sides[side].levels[best].oldest if best is not None else None
        return None if first is None else first.order_id

    def _within_protection(self, trade: Traded) -> Iterator[Finding]:
        if self._worst is None or self._worst[0] != trade.taker_order_id:
            return
        worst = self._worst[1]
        if trade.price > worst if trade.taker_side == BUY else trade.price < worst:
            yield (
                PROTECTION,
                f"trades order {trade.taker_order_id} at {trade.price} ticks, its worst price is {worst}",
                {"order_id": trade.taker_order_id},
            )

    def _at_the_one_price(self, trade: Uncrossed) -> Iterator[Finding]:
        """Where self-trades were prevented, what still crosses afterwards may trade at a price of its own."""
        if self._auction is None:
            self._auction = uncrossing_price(self.book)
        if trade.price == self._auction:
            return
        if not self._prevented:
            yield AUCTION, f"trades at {trade.price} ticks, the auction's price is {self._auction}", {}
        self._auction = trade.price

    def _prevents_in_auction(self, event: Cancelled | Reduced) -> Iterator[Finding]:
        if self.book.status not in MATCHING and event.reason == Reason.SELF_TRADE:
            self._prevented = True
            if self._auction is None:
                self._auction = uncrossing_price(self.book)
        yield from ()

    # ---- positions ----

    def _reduces(self, trade: Traded | Uncrossed) -> Iterator[Finding]:
        sides = (
            (trade.taker_order_id, trade.taker_account_id, trade.taker_side),
            (trade.maker_order_id, trade.maker_account_id, OPPOSITE[trade.taker_side]),
        )
        for order_id, account_id, side in sides:
            order = self.book.orders.get(order_id)
            if order_id == self._reducing or (order is not None and is_reducing(order.conditions)):
                yield from self._closes(f"order {order_id}", account_id, side, trade.quantity)

    def _closes_both(self, event: Deleveraged) -> Iterator[Finding]:
        yield from self._closes("deleveraging", event.account_id, event.side, event.quantity)
        yield from self._closes(
            "deleveraging", event.counter_account_id, OPPOSITE[event.side], event.quantity
        )

    def _closes(self, what: str, account_id: int, side: str, lots: int) -> Iterator[Finding]:
        there_is = reducible(self.book, account_id, side)
        if lots > there_is:
            text = f"({what}) closes {lots} lots, and account {account_id} has {there_is}"
            yield REDUCES, text, {"account_id": account_id}

    # ---- what follows from others ----

    def _fires(self, event: Triggered) -> Iterator[Finding]:
        yield from self._due(Trigger(event.order_id))

    def _wakes(self, event: Activated) -> Iterator[Finding]:
        yield from self._look_after(event.order_id)

    def _ends_a_counterpart(self, event: Cancelled) -> Iterator[Finding]:
        order = self.book.orders.get(event.order_id)
        if event.reason == Reason.LINKED:
            yield from self._due(Unlink(event.order_id))
        elif order is not None and order.waits and event.reason in _EXITS_END:
            yield from self._look_after(event.order_id)

    def _look_after(self, exit_id: int) -> Iterator[Finding]:
        """Once for all exits of an entry."""
        conditions = self.book.orders[exit_id].conditions
        assert conditions is not None and conditions.link is not None
        if conditions.link.group != self._woken:
            self._woken = conditions.link.group
            yield from self._due(Activate(self._woken, 0))

    def _due(self, done: Trigger | Unlink | Activate) -> Iterator[Finding]:
        left = follow_up(self.book, 0)
        if left is None or left[0] != done[0] or type(left) is not type(done):
            yield FOLLOWED, f"({_named(done)}) was not due; due was {_named(left)}", {"order_id": done[0]}


def _out_of_turn(order_id: int, first: int | None) -> Finding:
    text = f"trades with order {order_id}, first in line was {first}"
    return QUEUE, text, {"maker_order_id": order_id, "first_order_id": first}


def _follows_another(event: Accepted) -> bool:
    """A linked order that came together with the first of them."""
    link = event.conditions.link if event.conditions is not None else None
    return link is not None and link.group != event.order_id


def _named(command: Any) -> str:
    if command is None:
        return "nothing"
    doing = {
        Trigger: "the firing of order",
        Unlink: "the end of the counterpart",
        Activate: "the exits of order",
    }
    return f"{doing.get(type(command), 'a change of state')} {command[0]}"
