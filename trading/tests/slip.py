"""What became of an order, counted from events alone."""

from trading.matching.events import (
    Accepted,
    Activated,
    Amended,
    Cancelled,
    PriceMoved,
    Rearmed,
    Reduced,
    StatusChanged,
    Traded,
    Triggered,
    Uncrossed,
)

FILLS = (Traded, Uncrossed)
OF_NO_ORDER = (StatusChanged, PriceMoved)
NEW_TOTALS = (Amended, Rearmed, Activated)


class Slip:
    """`ended`: the reason, "" for filled, None if it has not ended."""

    def __init__(self, accepted):
        self.quantity = accepted.quantity
        self.filled = self.cancelled = 0
        self.ended = None
        self.is_by_cost = accepted.budget is not None
        self.reserve = accepted.reserve

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

    def keep_back(self, kind, event):
        """What a waiting order keeps back is given free as it was kept back, once."""
        if kind is Rearmed:
            assert (event.old_quantity, event.old_reserve) == (self.quantity, self.reserve)
        if kind in (Triggered, Cancelled):
            assert event.reserve == self.reserve
            self.reserve = 0
        if kind in (Rearmed, Activated):
            self.reserve = event.reserve

    def result(self):
        return self.quantity, self.filled, self.cancelled, self.ended


class Slips(dict):
    """One for each order, by its number."""

    def note(self, events):
        """Put the events of one command on the slips of their orders."""
        touched = {number for event in events for number in self._note(event)}
        for number in touched:
            self[number].close_if_done()

    def _note(self, event):
        """The numbers of the orders that an event is about, once it is on their slips."""
        kind = type(event)
        if kind in OF_NO_ORDER:
            return ()
        if kind in FILLS:
            for number in (event.taker_order_id, event.maker_order_id):
                self[number].filled += event.quantity
            return event.taker_order_id, event.maker_order_id
        self._note_one(kind, event)
        return (event.order_id,)

    def _note_one(self, kind, event):
        if kind is Accepted:
            assert event.order_id not in self
            self[event.order_id] = Slip(event)
        slip = self[event.order_id]
        slip.keep_back(kind, event)
        if kind in NEW_TOTALS:
            slip.quantity = event.quantity
        elif kind is Reduced and event.reason == "AMENDED":
            slip.quantity -= event.quantity
        elif kind in (Reduced, Cancelled):
            slip.cancelled += event.quantity
        if kind is Cancelled:
            slip.ended = event.reason.value
