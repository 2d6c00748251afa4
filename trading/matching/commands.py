"""What can be asked of a book."""

from typing import NamedTuple

from trading.matching.events import Deleveraged, FundingMoved, RiskNoted
from trading.matching.terms import CANCEL_NEWEST, GTC, LIMIT, Conditions, Reason


class Place(NamedTuple):
    """A new order. Exactly one of `quantity` (lots) and `budget` (ticks x lots to spend, market buys) is set.

    protection: the worst price, in ticks, at which a market order may trade.
    """

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
    protection: int | None = None
    conditions: Conditions | None = None


class PlaceLinked(NamedTuple):
    """Orders that are taken or refused together: an OCO pair, or an entry with its exits (terms.Link)."""

    orders: tuple[Place, ...]


class Cancel(NamedTuple):
    order_id: int
    account_id: int
    reason: Reason = Reason.USER


class CancelAll(NamedTuple):
    account_id: int
    reason: Reason = Reason.USER


class Amend(NamedTuple):
    """New price, total quantity (what is filled counts) or trigger price; None leaves it as it is."""

    order_id: int
    account_id: int
    price: int | None = None
    quantity: int | None = None
    trigger_price: int | None = None


# ---- the exchange's own: never refused ----


class Advance(NamedTuple):
    """Time and outside prices (ticks, None if unknown) as they are now; the first command of every batch."""

    now: int
    mark_price: int | None = None
    index_price: int | None = None


class SetStatus(NamedTuple):
    """Another state of the market. `ends_at`: when a call auction ends by itself, in milliseconds."""

    status: str
    reason: str = ""
    ends_at: int | None = None


class Trigger(NamedTuple):
    """An order's condition came true: it enters."""

    order_id: int


class Unlink(NamedTuple):
    """An order's counterpart traded, fired or ended: it is cancelled."""

    order_id: int
    reason: Reason = Reason.LINKED


class Activate(NamedTuple):
    """A bracket's entry has ended: its exits become active for so many lots, or end if there are none."""

    entry_id: int
    quantity: int
    reason: Reason = Reason.ENTRY_ENDED


class Shrink(NamedTuple):
    """A reduce-only order is for more than there is to reduce: it becomes smaller by so many lots, or ends."""

    order_id: int
    quantity: int


class Record(NamedTuple):
    """Something that the log tells and that changes no order: what is risked, or a position."""

    event: Deleveraged | FundingMoved | RiskNoted


System = Advance | SetStatus | Trigger | Unlink | Activate | Shrink | Record
Command = Place | PlaceLinked | Cancel | CancelAll | Amend | System
