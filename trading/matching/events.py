"""What happened to a book: the records of the order-event log.

`resting` separates what lies in the book from what never did: an incoming order trades first and only its
remainder rests, so its own fills and a cancelled remainder do not touch the book.
"""

from typing import NamedTuple

from trading.matching.terms import Reason


class Accepted(NamedTuple):
    """An order came in; after the trades that follow, `resting` lots of it lie in the book."""

    order_id: int
    account_id: int
    side: str
    type: str
    time_in_force: str
    post_only: bool
    self_trade_prevention: str
    price: int | None
    quantity: int | None
    budget: int | None
    resting: int


class Traded(NamedTuple):
    """A fill, at the maker's price."""

    taker_order_id: int
    taker_account_id: int
    taker_side: str
    maker_order_id: int
    maker_account_id: int
    price: int
    quantity: int


class Cancelled(NamedTuple):
    """What was open of an order, `quantity` lots, ended unfilled."""

    order_id: int
    account_id: int
    side: str
    price: int | None
    quantity: int
    reason: Reason
    resting: bool


class Reduced(NamedTuple):
    """An order became smaller by `quantity` lots and keeps its place."""

    order_id: int
    account_id: int
    side: str
    price: int | None
    quantity: int
    reason: Reason
    resting: bool


class Amended(NamedTuple):
    """An order left its place and came in again at a new price or larger; `quantity` is its new total."""

    order_id: int
    account_id: int
    side: str
    old_price: int
    old_open: int
    price: int
    quantity: int
    resting: int


Event = Accepted | Traded | Cancelled | Reduced | Amended
