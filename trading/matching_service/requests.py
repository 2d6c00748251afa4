"""What a batch is made of, and what comes out: one outcome for each request, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from accounts.services import Bearer
from common.errors import Refused
from trading.matching.terms import Reason
from trading.models import Order, OrderCondition, Trade
from trading.rules import NewOrder

NOBODY = 0  # no account has this id


@dataclass(frozen=True, slots=True)
class PlaceRequest:
    """made_ids: a client order id of ours, for an order that came without (trading.services.submit).

    bearer: who places it, to be checked under the lock; None: somebody who has been checked already.
    by_exchange: a liquidation, which is carried out whether or not the user is suspended.
    """

    account_id: int
    new: NewOrder
    made_ids: tuple[str, ...] = ()
    bearer: Bearer | None = None
    by_exchange: bool = False


@dataclass(frozen=True, slots=True)
class CancelRequest:
    account_id: int
    order_id: int
    reason: Reason = Reason.USER


@dataclass(frozen=True, slots=True)
class CancelAllRequest:
    account_id: int
    reason: Reason = Reason.USER


@dataclass(frozen=True, slots=True)
class AmendRequest:
    """`quantity` is the new total, filled part included; None leaves it."""

    account_id: int
    order_id: int
    price: Decimal | None = None
    quantity: Decimal | None = None
    trigger_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LinkedRequest:
    """Orders that are taken or refused together; `roles` as in terms.Link, one for each."""

    account_id: int
    orders: tuple[NewOrder, ...]
    roles: tuple[str, ...]
    made_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """Another state of the market. auction_seconds: of the call auction that it leads to, if it leads to one.

    only_from: refused in any other state, if there are any. only_after: refused unless the state that the market
    is in came for this reason.
    """

    status: str
    reason: str = ""
    auction_seconds: int | None = None
    account_id: int = NOBODY
    only_from: tuple[str, ...] = ()
    only_after: str = ""


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """Only what is due: expiries, triggers on prices from outside, the end of an auction."""

    account_id: int = NOBODY


@dataclass(frozen=True, slots=True)
class LeverageRequest:
    """Other leverage in a contract; mode cross or isolated, None leaves it."""

    account_id: int
    leverage: int
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class MarginRequest:
    """Put so much more margin to an isolated position; negative: take it away."""

    account_id: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class FundingRequest:
    """A contract's funding that was due at a moment. rate: a share of the notional, as longs pay it."""

    due_at: datetime
    rate: Decimal
    premium: Decimal
    samples: int
    next_due_at: datetime
    account_id: int = NOBODY


@dataclass(frozen=True, slots=True)
class SettleFundingRequest:
    """Let an account pay, or get, the funding that it still owes or is owed."""

    account_id: int


@dataclass(frozen=True, slots=True)
class LiquidateRequest:
    """Look at an account and do with it what its margin makes necessary, here. cancel_only: take away its orders
    in this market if it must be liquidated, for its positions are elsewhere. last_resort: its profits elsewhere
    could not be realised, so the fund pays, or others are deleveraged, all the same."""

    account_id: int
    cancel_only: bool = False
    last_resort: bool = False


Request = (
    PlaceRequest
    | LinkedRequest
    | CancelRequest
    | CancelAllRequest
    | AmendRequest
    | StatusRequest
    | SweepRequest
    | LeverageRequest
    | MarginRequest
    | FundingRequest
    | SettleFundingRequest
    | LiquidateRequest
)


@dataclass(slots=True)
class PlacedRow:
    """A new order as it stands, with the names of trading.models.Order."""

    id: int
    symbol: str
    account_id: int
    client_order_id: str
    side: str
    type: str
    time_in_force: str
    post_only: bool
    self_trade_prevention: str
    price: Decimal | None
    quantity: Decimal
    quote_quantity: Decimal | None
    status: str
    filled_quantity: Decimal
    filled_cost: Decimal
    cancelled_quantity: Decimal
    reason: str
    created_at: datetime
    updated_at: datetime
    conditions: OrderCondition | None = None


class FillRow(NamedTuple):
    """A trade as it was made, with the names of trading.models.Trade."""

    id: int
    symbol: str
    sequence: int
    price: Decimal
    quantity: Decimal
    cost: Decimal
    taker_side: str
    taker_order_id: int
    maker_order_id: int
    taker_account_id: int
    maker_account_id: int
    taker_fee: Decimal
    maker_fee: Decimal
    ledger_transaction_id: int
    created_at: datetime
    fee_assets: tuple[str, str]


@dataclass(slots=True)
class PlacedOrder:
    """`replayed`: the client order id was used before; `order` is that first order, `fills` its fills."""

    order: PlacedRow | Order
    fills: Sequence[FillRow | Trade] = ()
    replayed: bool = False


@dataclass(slots=True)
class PlacedLinked:
    """Linked orders, in the order in which they were asked for."""

    orders: list[PlacedOrder]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The ids of the orders that a cancel or an amend touched."""

    order_ids: list[int]


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found and done about an account's margin. orders_elsewhere: orders in other markets must go first.
    profits_elsewhere: positions in other contracts should be closed first, for their profit can pay this loss.
    goes_on: there is more to do. has_acted: something was done, so it is worth looking again at once."""

    found: str
    orders_elsewhere: bool = False
    profits_elsewhere: bool = False
    goes_on: bool = False
    has_acted: bool = False


@dataclass(frozen=True, slots=True)
class Repeated:
    """The client order id was used before, for this order."""

    order_id: int


Outcome = PlacedOrder | PlacedLinked | Done | Looked | Repeated | Refused
