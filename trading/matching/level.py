"""Orders at one price, and the levels of one side."""

from collections.abc import Iterator

from sortedcontainers import SortedList

from trading.matching.terms import BUY


class BookOrder:
    """An order lying in the book. `quantity` is its total, `open` what is still to be filled, in lots.

    `older` and `newer` link it into the queue of its level. An order that leaves keeps its links, so that
    undoing the newest changes in reverse order puts it back exactly where it was.
    """

    __slots__ = (
        "account_id", "newer", "older", "open", "order_id", "post_only", "price", "quantity",
        "self_trade_prevention", "side",
    )  # fmt: skip

    def __init__(
        self, order_id: int, account_id: int, side: str, price: int, quantity: int, open: int,
        post_only: bool, self_trade_prevention: str,
    ) -> None:  # fmt: skip
        self.order_id = order_id
        self.account_id = account_id
        self.side = side
        self.price = price
        self.quantity = quantity
        self.open = open
        self.post_only = post_only
        self.self_trade_prevention = self_trade_prevention
        self.older: BookOrder | None = None
        self.newer: BookOrder | None = None


class Level:
    """All orders at one price, oldest first, and how many lots they have together."""

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
            assert level.quantity == 0, f"level {price} holds {level.quantity} lots of nobody"
            del self.levels[price]
            self.keys.remove(price * self.sign)

    def depth(self, levels: int | None = None) -> list[tuple[int, int]]:
        """(price, lots) of the best levels, best first."""
        prices = (key * self.sign for key in self.keys[:levels])
        return [(price, self.levels[price].quantity) for price in prices]
