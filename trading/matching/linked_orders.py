"""Live orders that hang together: what comes to the others when something happens to one of them."""

from trading.matching.events import Traded, Uncrossed
from trading.matching.level import BookOrder
from trading.matching.links import Entry
from trading.matching.live_orders import LiveOrders
from trading.matching.terms import ENTRY, Link


class LinkedOrders(LiveOrders):
    """Keeps `links`, and notes in `effects` what is necessary next."""

    def _filled(self, event: Traded | Uncrossed) -> None:
        for order_id in (event.maker_order_id, event.taker_order_id):
            self._count_entry(order_id, event.quantity)
            self._came_to_something(order_id)

    def _count_entry(self, order_id: int, lots: int) -> None:
        entry = self.links.entries.get(order_id)
        if entry is not None:
            self._put(self.links.entries, order_id, Entry(entry.filled + lots, entry.exits))

    def _came_to_something(self, order_id: int) -> None:
        """A leg traded, entered or ended: its counterpart is to be cancelled. An entry that ended has exits."""
        group = self.links.group_of.get(order_id)
        if group is not None:
            legs = self.links.legs[group]
            self._put(self.links.legs, group, None)
            for leg in legs:
                self._put(self.links.group_of, leg, None)
            self.effects.unlink(leg for leg in legs if leg != order_id)
        if order_id in self.links.entries and order_id not in self.orders:
            self.effects.entry_ended(order_id)

    def _bind(self, order: BookOrder, link: Link) -> None:
        links = self.links
        if link.role == ENTRY:
            self._put(links.entries, order.order_id, Entry())
            return
        self._put(links.legs, link.group, (*links.legs.get(link.group, ()), order.order_id))
        self._put(links.group_of, order.order_id, link.group)
        if order.waits:
            entry = links.entries[link.group]
            self._put(links.entries, link.group, Entry(entry.filled, entry.exits + 1))

    def _exit_left(self, order: BookOrder) -> None:
        """An exit does not wait for its entry any more."""
        assert order.conditions is not None and order.conditions.link is not None
        group = order.conditions.link.group
        entry = self.links.entries[group]
        rest = Entry(entry.filled, entry.exits - 1) if entry.exits > 1 else None
        self._put(self.links.entries, group, rest)
