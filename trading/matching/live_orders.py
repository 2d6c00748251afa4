"""Everything a book holds, and the smallest changes to it, each with its way back."""

from collections.abc import Callable
from typing import Any

from sortedcontainers import SortedList

from trading.matching.level import BookOrder, BookSide
from trading.matching.links import Effects, Links
from trading.matching.terms import BUY, OPEN, SELL, Conditions
from trading.matching.triggers import Triggers

Undo = tuple[Callable[..., None], tuple[Any, ...]]


class LiveOrders:
    """Live orders: resting ones in `sides`, those that wait for a price, or for their entry, in `triggers`;
    the market's state and prices.

    Between `begin` and `keep` it remembers how to go back, so that a batch that fails can be undone.
    """

    def __init__(self, sequence: int = 0) -> None:
        self.sequence = sequence
        self.status = OPEN
        self.auction_ends_at: int | None = None
        self.prices: dict[str, int] = {}
        self.sides = {BUY: BookSide(BUY), SELL: BookSide(SELL)}
        self.orders: dict[int, BookOrder] = {}
        self.by_account: dict[int, dict[int, BookOrder]] = {}
        self.expiring: SortedList = SortedList()  # (expires_at, order id)
        self.positions: dict[int, int] | None = None  # lots by account, negative when short; None on spot
        self.reducing: dict[int, int] = {}  # how many live reduce-only orders an account has
        self.triggers = Triggers()
        self.links = Links()
        self.effects = Effects()
        self.trailed: set[int] = set()  # orders whose trigger has moved since `begin`
        self._undo: list[Undo] | None = None
        self._at_begin: tuple[Any, ...] = ()

    def is_crossed(self) -> bool:
        bid, ask = self.sides[BUY].best(), self.sides[SELL].best()
        return bid is not None and ask is not None and bid >= ask

    # ---- batches ----

    def begin(self) -> None:
        self._undo = []
        self.trailed.clear()
        self._at_begin = self.sequence, self.status, self.auction_ends_at, dict(self.prices)

    def keep(self) -> None:
        self._undo = None

    def undo(self) -> None:
        """Back to `begin`, exactly: every order in its old place."""
        steps, self._undo = self._undo or [], None
        for step, arguments in reversed(steps):
            step(*arguments)
        self.sequence, self.status, self.auction_ends_at, self.prices = self._at_begin
        self.effects.clear()

    def _note(self, step: Callable[..., None], *arguments: Any) -> None:
        if self._undo is not None:
            self._undo.append((step, arguments))

    # ---- into and out of the book ----

    def add(self, order: BookOrder) -> None:
        """Put an order where it belongs: at the end of its level, or among those that wait."""
        if order.armed is None and not order.waits:
            self._to_its_level(order)
        else:
            self.triggers.add(order)
        self._register(order)
        if self._undo is not None:
            self._undo.append((self._take_out, (order,)))

    def _to_its_level(self, order: BookOrder) -> None:
        level = self.sides[order.side].level_at(order.limit)
        level.append(order)
        level.quantity += order.open - order.hidden

    def _remove(self, order: BookOrder) -> None:
        """Take out an order that waits; it stays as it is."""
        assert not order.rests
        self._take_out(order)
        self._note(self._put_back, order)

    def _take_out(self, order: BookOrder) -> None:
        if order.armed is not None or order.waits:
            self.triggers.remove(order)
        else:
            side = self.sides[order.side]
            level = side.levels[order.limit]
            level.quantity -= order.open - order.hidden
            level.unlink(order)
            side.drop_if_empty(order.limit, level)
        self._unregister(order)

    def _put_back(self, order: BookOrder) -> None:
        self.triggers.add(order)
        self._register(order)

    def _register(self, order: BookOrder) -> None:
        self.orders[order.order_id] = order
        own = self.by_account.get(order.account_id)
        if own is None:
            self.by_account[order.account_id] = {order.order_id: order}
        else:
            own[order.order_id] = order
        if order.conditions is not None:
            self._register_conditions(order, order.conditions)

    def _unregister(self, order: BookOrder) -> None:
        del self.orders[order.order_id]
        own = self.by_account[order.account_id]
        del own[order.order_id]
        if not own:
            del self.by_account[order.account_id]
        if order.conditions is not None:
            self._unregister_conditions(order, order.conditions)

    def _register_conditions(self, order: BookOrder, conditions: Conditions) -> None:
        if conditions.expires_at is not None:
            self.expiring.add((conditions.expires_at, order.order_id))
        if conditions.reduce_only:
            self.reducing[order.account_id] = self.reducing.get(order.account_id, 0) + 1

    def _unregister_conditions(self, order: BookOrder, conditions: Conditions) -> None:
        if conditions.expires_at is not None:
            self.expiring.remove((conditions.expires_at, order.order_id))
        if conditions.reduce_only:
            self.reducing[order.account_id] -= 1
            if not self.reducing[order.account_id]:
                del self.reducing[order.account_id]

    # ---- resting orders ----

    def _resize(self, order: BookOrder, open: int, hidden: int, filled: int) -> None:
        """Other amounts of a resting order; it leaves when nothing is open."""
        assert 0 <= hidden <= open, f"order {order.order_id} overdrawn"
        side = self.sides[order.side]
        level = side.levels[order.price]  # type: ignore[index]  # it rests, so it has one
        if self._undo is not None:
            # The links are written down: an order that re-enters elsewhere gets new ones.
            before = order, order.open, order.hidden, order.filled, order.older, order.newer
            self._undo.append((self._restore_size, before))
        level.quantity += open - hidden - order.open + order.hidden
        order.open, order.hidden, order.filled = open, hidden, filled
        if not open:
            level.unlink(order)
            if level.oldest is None:
                side.drop_if_empty(order.limit, level)
            self._unregister(order)

    def _restore_size(
        self, order: BookOrder, open: int, hidden: int, filled: int,
        older: BookOrder | None, newer: BookOrder | None,
    ) -> None:  # fmt: skip
        level = self.sides[order.side].level_at(order.limit)
        if not order.open:
            order.older, order.newer = older, newer
            level.relink(order)
            self._register(order)
        level.quantity += open - hidden - order.open + order.hidden
        order.open, order.hidden, order.filled = open, hidden, filled

    def _to_the_back(self, order: BookOrder, hidden: int, place: int) -> None:
        """A new slice is shown, at the end of the level."""
        level = self.sides[order.side].levels[order.limit]
        self._note(self._to_the_old_place, order, order.hidden, order.place, order.older, order.newer)
        level.quantity += order.hidden - hidden
        order.hidden, order.place = hidden, place
        level.unlink(order)
        level.append(order)

    def _to_the_old_place(
        self, order: BookOrder, hidden: int, place: int, older: BookOrder | None, newer: BookOrder | None
    ) -> None:
        level = self.sides[order.side].levels[order.limit]
        level.unlink(order)
        level.quantity += order.hidden - hidden
        order.hidden, order.place, order.older, order.newer = hidden, place, older, newer
        level.relink(order)

    # ---- what an order is ----

    def _set(self, order: BookOrder, **values: Any) -> None:
        """Other attributes of an order that is not in the book while they change, or whose place stays."""
        self._note(_set_all, order, {name: getattr(order, name) for name in values})
        _set_all(order, values)

    def _retrigger(self, order: BookOrder, trigger_price: int, extreme: int) -> None:
        self.triggers.reset(order, trigger_price, extreme)

    # ---- links ----

    def _put(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        """Write into one of the tables of `links`; None deletes."""
        self._note(_write, table, key, table.get(key))
        _write(table, key, value)


def _set_all(order: BookOrder, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(order, name, value)


def _write(table: dict[Any, Any], key: Any, value: Any) -> None:
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value
