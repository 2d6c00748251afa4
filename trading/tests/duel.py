"""Both engines on the same commands. Whatever can be seen must be the same after each of them."""

from trading.matching.commands import (
    Advance,
    Amend,
    Cancel,
    CancelAll,
    Place,
    PlaceLinked,
    SetStatus,
)
from trading.matching.terms import Conditions, TriggerTerms
from trading.tests.drawn_commands import SIDES, Commands
from trading.tests.pit import Pit
from trading.tests.reference.market import ReferenceMarket
from trading.tests.reference.order import Order

STATES = {"waiting": "new", "pending": "pending_trigger", "lying": "open"}
MAY_BE_CROSSED = ("auction", "halted", "cancel_only")


class Duel:
    """fee_lots, widest: as in a Pit."""

    def __init__(self, fee_lots=None, widest=None):
        self.pit = Pit(fee_lots, widest)
        self.reference = ReferenceMarket(fee_lots, widest)
        self.commands = Commands(self.reference)
        self.compared = 0
        self.refusals = set()

    def carry_out_drawn(self, drawn):
        return self.carry_out(self.commands.make(drawn))

    def carry_out(self, command):
        before = self.pit.book.sequence - len(self.pit.events)
        refused = self.pit.carries_out(command)
        assert refused == ask(self.reference, command), command
        assert before == self.pit.book.sequence - len(self.pit.events)
        self.refusals.add(refused)
        self.compare()

    def compare(self):
        assert self.pit.trades[self.compared :] == self.reference.trades[self.compared :]
        self.compared = len(self.pit.trades)
        book, reference = self.pit.book, self.reference
        for side in SIDES:
            assert [lying(order) for order in book.sides[side]] == [
                lying_there(order) for order in reference.lying(side)
            ]
        waiting = sorted((o for o in reference.live if o.state != "lying"), key=lambda order: order.number)
        assert [waits(order) for order in book.waiting()] == [waits_there(order) for order in waiting]
        prices = {source: price for source, price in reference.prices.items() if price is not None}
        assert (book.prices, book.status, book.auction_ends_at) == (
            prices,
            reference.status,
            reference.ends_at,
        )
        assert not book.is_crossed() or book.status in MAY_BE_CROSSED

    def compare_all_orders(self):
        self.compare()
        assert self.pit.trades == self.reference.trades
        expected = {order.number: order for order in self.reference.live} | self.reference.done
        assert self.pit.slips.keys() == expected.keys()
        for number, order in expected.items():
            slip = self.pit.slips[number]
            assert slip.adds_up(), number
            assert slip.reserve == (order.reserve if order.state == "pending" else 0), number
            assert slip.result() == (order.quantity, order.filled, order.cancelled, order.ended), number


# ---- an order as each of the two sees it ----


def lying(order):
    shown = order.open - order.hidden
    return order.order_id, order.account_id, order.price, order.quantity, order.open, shown, order.filled


def lying_there(order):
    return order.number, order.owner, order.price, order.quantity, order.open, order.shown, order.filled


def waits(order):
    armed = order.armed
    seen = () if armed is None else (armed.source, armed.trigger_price, armed.extreme, armed.reserve)
    return order.order_id, order.price, order.quantity, order.open, order.status.value, *seen


def waits_there(order):
    seen = () if order.state == "waiting" else (order.source, order.trigger, order.extreme, order.reserve)
    return order.number, order.price, order.quantity, order.open, STATES[order.state], *seen


# ---- the same command in the other's words ----


ASKED = {
    Place: lambda market, command: market.place(as_order(command)),
    PlaceLinked: lambda market, command: market.place(*map(as_order, command.orders)),
    Cancel: lambda market, command: market.cancel(command.order_id, command.account_id),
    CancelAll: lambda market, command: market.cancel_all(command.account_id),
    Amend: lambda market, command: market.amend(*command),
    Advance: lambda market, command: market.advance(*command),
    SetStatus: lambda market, command: market.set_status(command.status, command.ends_at),
}


def ask(reference, command):
    """The refusal's name, or None."""
    return ASKED[type(command)](reference, command)


def as_order(place):
    conditions = place.conditions or Conditions()
    terms = conditions.trigger or TriggerTerms(None)
    link = conditions.link
    return Order(
        place.order_id, place.account_id, place.side, kind=place.type, price=place.price,
        quantity=place.quantity or 0, budget=place.budget, life=place.time_in_force, post_only=place.post_only,
        prevention=place.self_trade_prevention, worst=place.protection, display=conditions.display,
        expires_at=conditions.expires_at, source=terms.source, trigger=terms.price, trail=terms.trail,
        trail_rate=terms.trail_rate, protection_rate=terms.protection_rate, group=link and link.group,
        role=link and link.role,
    )  # fmt: skip
