"""Orders at one price, and the levels of one side."""

from collections.abc import Iterator
from typing import Any

from sortedcontainers import SortedList

from trading.matching.lifecycle import Status
from trading.matching.terms import BUY, GTC, LIMIT, Conditions


class Armed:
    """What a waiting trigger order waits for, as it stands now, in ticks.

    `rises`: it fires when the price comes up to the trigger, else when it comes down. `reserve`: what it keeps
    back per lot. `extreme`: the best price of the source since a trailing order began to follow it.
    """

    __slots__ = ("extreme", "reserve", "rises", "source", "trigger_price")

    def __init__(
        self, source: str, rises: bool, trigger_price: int, reserve: int, extreme: int | None
    ) -> None:
        self.source = source
        self.rises = rises
        self.trigger_price = trigger_price
        self.reserve = reserve
        self.extreme = extreme

    def is_reached(self, price: int) -> bool:
        return price >= self.trigger_price if self.rises else price <= self.trigger_price


class BookOrder:
    """A live order. `quantity` is its total, `open` what is still to be filled, `hidden` what of that is not
    shown, in lots. `place` is the sequence of the event that gave it its place in the queue.

    `older` and `newer` link it into the queue of its level. An order that leaves keeps its links, so that
    undoing the newest changes in reverse order puts it back exactly where it was.
    """

    __slots__ = (
        "account_id", "filled", "hidden", "newer", "older", "open", "order_id", "place", "post_only", "price",
        "quantity", "self_trade_prevention", "side",
    )  # fmt: skip

    # What most orders are, and so not stored in each of them.
    type: str = LIMIT
    time_in_force: str = GTC
    conditions: Conditions | None = None
    armed: Armed | None = None
    waits: bool = False  # for its bracket's entry

    def __init__(
        self, order_id: int, account_id: int, side: str, price: int | None, quantity: int, open: int,
        post_only: bool, self_trade_prevention: str, place: int = 0, filled: int = 0,
    ) -> None:  # fmt: skip
        self.order_id = order_id
        self.account_id = account_id
        self.side = side
        self.price = price
        self.quantity = quantity
        self.open = open
        self.post_only = post_only
        self.self_trade_prevention = self_trade_prevention
        self.place = place
        self.filled = filled
        self.hidden = 0
        self.older: BookOrder | None = None
        self.newer: BookOrder | None = None

    @property
    def status(self) -> Status:
        if self.waits:
            return Status.NEW
        if self.armed is not None:
            return Status.PENDING_TRIGGER
        return Status.PARTIALLY_FILLED if self.filled else Status.OPEN

    @property
    def rests(self) -> bool:
        return self.armed is None and not self.waits

    @property
    def expires_at(self) -> int | None:
        return None if self.conditions is None else self.conditions.expires_at

    @property
    def limit(self) -> int:
        """The price of an order that has one."""
        assert self.price is not None
        return self.price

    def hidden_of(self, open: int) -> int:
        """What would be hidden of so many open lots with a full slice shown."""
        display = None if self.conditions is None else self.conditions.display
        return 0 if display is None or display >= open else open - display

    def in_words(self) -> str:
        """Everything that tells one live order from another."""
        armed = self.armed
        waits = (
            "" if armed is None else f"{armed.source},{armed.trigger_price},{armed.extreme},{armed.reserve}"
        )
        return (
            f"|{self.order_id},{self.account_id},{self.side},{self.price},{self.open},{self.quantity},"
            f"{self.hidden},{self.filled},{self.place},{self.status},{waits}"
        )


class ConditionedOrder(BookOrder):
    """An order that says more than side, price and quantity, or is of another type than a limit order."""

    __slots__ = ("armed", "conditions", "time_in_force", "type", "waits")

    def __init__(self, type: str, time_in_force: str, conditions: Conditions | None, *plain: Any) -> None:
        super().__init__(*plain)
        self.type = type
        self.time_in_force = time_in_force
        self.conditions = conditions
        self.armed = None
        self.waits = False


class Level:
    """All orders at one price, oldest first, and how many lots they show together."""

    __slots__ = ("newest", "oldest", "quantity")

    def __init__(self) -> None:
        self.oldest: BookOrder | None = None
        self.newest: BookOrder | None = None
        self.quantity = 0

    def __iter__(self) -> Iterator[BookOrder]:
        order = self.oldest
        while order is not None:
            yield order
            order = order.newer

    def append(self, order: BookOrder) -> None:
        order.older, order.newer = self.newest, None
        if self.newest is None:
            self.oldest = order
        else:
            self.newest.newer = order
        self.newest = order

    def unlink(self, order: BookOrder) -> None:
        if order.older is None:
            self.oldest = order.newer
        else:
            order.older.newer = order.newer
        if order.newer is None:
            self.newest = order.older
        else:
            order.newer.older = order.older

    def relink(self, order: BookOrder) -> None:
        """Undo `unlink`, provided that nothing newer than it is still done."""
        if order.older is None:
            self.oldest = order
        else:
            order.older.newer = order
        if order.newer is None:
            self.newest = order
        else:
            order.newer.older = order


class BookSide:
    """The levels of one side. `keys` sorts best price first: the price for asks, minus the price for bids."""

    __slots__ = ("keys", "levels", "sign")

    def __init__(self, side: str) -> None:
        self.sign = -1 if side == BUY else 1
        self.levels: dict[int, Level] = {}
        self.keys: SortedList = SortedList()

    def __iter__(self) -> Iterator[BookOrder]:
        """All orders in the order in which they would trade."""
        for key in self.keys:
            yield from self.levels[key * self.sign]

    def best(self) -> int | None:
        return self.keys[0] * self.sign if self.keys else None

    def level_at(self, price: int) -> Level:
        """The level at a price, made if there is none."""
        level = self.levels.get(price)
        if level is None:
            level = self.levels[price] = Level()
            self.keys.add(price * self.sign)
        return level

    def drop_if_empty(self, price: int, level: Level) -> None:
        if level.oldest is None:
            assert level.quantity == 0, f"level {price} shows {level.quantity} lots of nobody"
            del self.levels[price]
            self.keys.remove(price * self.sign)

    def depth(self, levels: int | None = None) -> list[tuple[int, int]]:
        """(price, shown lots) of the best levels, best first."""
        prices = (key * self.sign for key in self.keys[:levels])
        return [(price, self.levels[price].quantity) for price in prices]
