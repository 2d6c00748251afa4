"""What can be asked of a book."""

from typing import NamedTuple

from trading.matching.terms import CANCEL_NEWEST, GTC, LIMIT, Reason


class Place(NamedTuple):
    """A new order. Exactly one of `quantity` (lots) and `budget` (ticks x lots to spend, market buys) is set."""

    order_id: int
    account_id: int
    side: str
    type: str = LIMIT
    price: int | None = None
    quantity: int | None = None
    budget: int | None = None
    time_in_force: str = GTC
    post_only: bool = False
    self_trade_prevention: str = CANCEL_NEWEST


class Cancel(NamedTuple):
    order_id: int
    account_id: int
    reason: Reason = Reason.USER


class CancelAll(NamedTuple):
    account_id: int
    reason: Reason = Reason.USER


class Amend(NamedTuple):
    """New price and new total quantity (what is filled counts); None leaves it as it is."""

    order_id: int
    account_id: int
    price: int | None = None
    quantity: int | None = None


Command = Place | Cancel | CancelAll | Amend
