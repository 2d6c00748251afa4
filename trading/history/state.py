"""The state of a market as hashes: equal states have equal hashes, whichever way they were found.

Three parts: the book, every order ever accepted, every trade. Amounts are in ticks and lots.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

MODULUS = 2**256


class Digest:
    """Of things in any order: how many there are, and the sum of their SHA-256 modulo 2**256.

    The sum needs no sorting, so that what is complete can be forgotten. It guards against mistakes, not forgers.
    """

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, thing: Iterable[object]) -> None:
        words = "|".join(map(str, thing))
        self._sum += int.from_bytes(hashlib.sha256(words.encode()).digest())
        self.count += 1

    def copy(self) -> "Digest":
        twin = Digest()
        twin.count, twin._sum = self.count, self._sum
        return twin

    def hex(self) -> str:
        return hashlib.sha256(f"{self.count}|{self._sum % MODULUS}".encode()).hexdigest()


class OrderState(NamedTuple):
    """An order as the log tells it and as its row says, with the names of trading.models.Order.

    price in ticks, amounts in lots, filled_cost in ticks x lots; quote_quantity as text; times in milliseconds.
    What a trigger looks like while it waits belongs to the book.
    """

    id: int
    account_id: int
    client_order_id: str
    side: str
    type: str
    time_in_force: str
    post_only: bool
    self_trade_prevention: str
    price: int | str | None
    quantity: int | str
    quote_quantity: str | None
    status: str
    filled_quantity: int | str
    filled_cost: int | str
    cancelled_quantity: int | str
    reason: str
    priority: int
    created_at: int
    updated_at: int
    display_quantity: int | str | None = None
    expires_at: int | None = None
    reduce_only: bool = False
    trigger_source: str = ""
    trail_amount: int | str | None = None
    trail_millionths: int | None = None
    protection_millionths: int = 0
    link_group: int | None = None
    link_role: str = ""


class TradeState(NamedTuple):
    """A trade, with the names of trading.models.Trade; fees are not in the log."""

    id: int | None
    sequence: int
    price: int | str
    quantity: int | str
    cost: int | str
    taker_side: str
    taker_order_id: int
    maker_order_id: int
    taker_account_id: int
    maker_account_id: int
    created_at: int


class StateHash(NamedTuple):
    sequence: int
    book: str
    orders: str
    trades: str
    order_count: int
    trade_count: int

    @property
    def whole(self) -> str:
        return hashlib.sha256(f"{self.sequence}|{self.book}|{self.orders}|{self.trades}".encode()).hexdigest()

    def differing_parts(self, other: "StateHash") -> list[str]:
        return [name for name in ("book", "orders", "trades") if getattr(self, name) != getattr(other, name)]
