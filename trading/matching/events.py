"""What happened to a book: the records of the order-event log.

`resting` separates what lies in the book from what never did: an incoming order trades first and only its
remainder rests, so its own fills and a cancelled remainder do not touch the book.

`reserve` is what an order that waits for its trigger keeps back per lot: ticks for a buy, 1 or 0 lots for a sell.
"""

from typing import Any, NamedTuple

from trading.matching.terms import Conditions, Reason


class Accepted(NamedTuple):
    """An order came in; after the trades that follow, `resting` lots of it lie in the book.

    With a trigger it waits, reserving `reserve` a lot; an exit of a bracket waits for its entry.
    """

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
    protection: int | None = None
    conditions: Conditions | None = None
    reserve: int = 0
    trigger_price: int | None = None
    extreme: int | None = None


class Traded(NamedTuple):
    """A fill, at the maker's price."""

    taker_order_id: int
    taker_account_id: int
    taker_side: str
    maker_order_id: int
    maker_account_id: int
    price: int
    quantity: int


class Uncrossed(NamedTuple):
    """A fill of a call auction: both orders lie in the book, the older one is the maker.

    `maker_price` and `taker_price` are their limits, `price` the auction's.
    """

    taker_order_id: int
    taker_account_id: int
    taker_side: str
    maker_order_id: int
    maker_account_id: int
    price: int
    quantity: int
    taker_price: int
    maker_price: int


class Cancelled(NamedTuple):
    """What was open of an order, `quantity` lots, ended unfilled."""

    order_id: int
    account_id: int
    side: str
    price: int | None
    quantity: int
    reason: Reason
    resting: bool
    reserve: int = 0


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


class Refreshed(NamedTuple):
    """An iceberg's shown part was used up: `quantity` lots more are shown, at the back of the level."""

    order_id: int
    account_id: int
    side: str
    price: int
    quantity: int


class Rearmed(NamedTuple):
    """A waiting trigger order was amended; `quantity` is its new total, all of it open."""

    order_id: int
    account_id: int
    side: str
    price: int | None
    quantity: int
    trigger_price: int
    reserve: int
    old_quantity: int
    old_reserve: int


class Triggered(NamedTuple):
    """A trigger order entered with `quantity` lots; after the trades that follow `resting` lie in the book."""

    order_id: int
    account_id: int
    side: str
    price: int | None
    quantity: int
    resting: int
    reserve: int


class Activated(NamedTuple):
    """An exit of a bracket became active with `quantity` lots: it rests, trades at once, or waits for its trigger."""

    order_id: int
    account_id: int
    side: str
    price: int | None
    quantity: int
    resting: int
    reserve: int
    trigger_price: int | None
    extreme: int | None


class StatusChanged(NamedTuple):
    """The market is in another state; `ends_at` of a call auction in milliseconds."""

    status: str
    reason: str
    ends_at: int | None


class PriceMoved(NamedTuple):
    """Mark or index price, in ticks, as the triggers see it."""

    source: str
    price: int


class Deleveraged(NamedTuple):
    """A position that nobody took over in time was closed against that of somebody else, without any order.

    side: what the account in `account_id` did, `sell` if it was long. price: in ticks.
    """

    account_id: int
    side: str
    counter_account_id: int
    price: int
    quantity: int


class FundingMoved(NamedTuple):
    """Funding was due. rate: in 10^-8; price: the mark price, in ticks; funding_index: after it, in 10^-8 quote
    units that a lot held long has paid since the beginning."""

    rate: int
    price: int
    funding_index: int


class RiskNoted(NamedTuple):
    """What an account risks has changed: `what` is a name of trading/perpetual_settlement.py, `details` its numbers."""

    account_id: int
    what: str
    details: dict[str, Any]


# Events that name one order, in its first field.
OfOrder = Accepted | Cancelled | Reduced | Amended | Refreshed | Rearmed | Triggered | Activated
# Events of no order at all.
WithoutOrder = StatusChanged | PriceMoved | Deleveraged | FundingMoved | RiskNoted
Event = OfOrder | Traded | Uncrossed | WithoutOrder
