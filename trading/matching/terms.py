"""Words of the trade that commands, events and the book share."""

from enum import StrEnum
from typing import NamedTuple

BUY = "buy"
SELL = "sell"
OPPOSITE = {BUY: SELL, SELL: BUY}

LIMIT = "limit"
MARKET = "market"
STOP_LIMIT = "stop_limit"
STOP_MARKET = "stop_market"
TAKE_PROFIT_LIMIT = "take_profit_limit"
TAKE_PROFIT_MARKET = "take_profit_market"
TRAILING_STOP = "trailing_stop"

TRIGGER_TYPES = frozenset({STOP_LIMIT, STOP_MARKET, TAKE_PROFIT_LIMIT, TAKE_PROFIT_MARKET, TRAILING_STOP})
TAKE_PROFIT_TYPES = frozenset({TAKE_PROFIT_LIMIT, TAKE_PROFIT_MARKET})
# Types that have a price of their own, and may rest at it.
PRICED_TYPES = frozenset({LIMIT, STOP_LIMIT, TAKE_PROFIT_LIMIT})

GTC = "gtc"
IOC = "ioc"
FOK = "fok"
GTD = "gtd"
RESTING_LIVES = frozenset({GTC, GTD})

CANCEL_NEWEST = "cancel_newest"
CANCEL_OLDEST = "cancel_oldest"
CANCEL_BOTH = "cancel_both"
DECREMENT = "decrement"

LAST = "last"
MARK = "mark"
INDEX = "index"
SOURCES = (LAST, MARK, INDEX)

# States of a market.
OPEN = "open"
POST_ONLY = "post_only"
CANCEL_ONLY = "cancel_only"
HALTED = "halted"
AUCTION = "auction"
STATUSES = (OPEN, POST_ONLY, CANCEL_ONLY, HALTED, AUCTION)
MATCHING = frozenset({OPEN, POST_ONLY})  # incoming orders may trade; in the others nothing does

# Roles of linked orders.
OCO = "oco"
ENTRY = "entry"
TAKE_PROFIT = "take_profit"
STOP_LOSS = "stop_loss"

MILLION = 1_000_000


class Reason(StrEnum):
    """Why an order, or a part of it, ended without being filled."""

    USER = "CANCELLED_BY_USER"
    CANCEL_AFTER = "CANCEL_AFTER_TIMEOUT"
    DISCONNECTED = "CANCELLED_ON_DISCONNECT"
    SUSPENDED = "ACCOUNT_SUSPENDED"
    STAFF = "CANCELLED_BY_STAFF"
    WIND_DOWN = "WIND_DOWN"
    AMEND = "AMENDED"
    EXPIRED = "EXPIRED"
    IOC_REMAINDER = "IOC_REMAINDER"
    FOK_NOT_FILLABLE = "FOK_NOT_FILLABLE"
    NO_LIQUIDITY = "NO_LIQUIDITY"
    PRICE_PROTECTION = "PRICE_PROTECTION"
    BELOW_ONE_LOT = "COST_BELOW_ONE_LOT"
    SELF_TRADE = "SELF_TRADE_PREVENTED"
    POST_ONLY = "POST_ONLY_WOULD_TAKE"
    LINKED = "LINKED_ORDER"
    ENTRY_ENDED = "ENTRY_ENDED"
    FUNDS = "INSUFFICIENT_FUNDS"
    MARGIN = "INSUFFICIENT_MARGIN"
    REDUCE_ONLY = "REDUCE_ONLY"
    LIQUIDATION = "LIQUIDATION"


class TriggerTerms(NamedTuple):
    """What a trigger order waits for, in ticks. Explicit: `price`. Trailing: `trail` ticks, or `trail_rate`.

    trail_rate: millionths of the extreme price. protection_rate: how far from the trigger, in millionths,
    an order that enters as a market order may trade.
    """

    source: str
    price: int | None = None
    trail: int | None = None
    trail_rate: int | None = None
    protection_rate: int = 0


class Link(NamedTuple):
    """Orders that hang together: `group` is the id of the first of them."""

    group: int
    role: str


class Conditions(NamedTuple):
    """What an order says beyond side, price and quantity; most orders have none.

    display: lots shown at a time. expires_at: milliseconds since the epoch.
    """

    display: int | None = None
    expires_at: int | None = None
    reduce_only: bool = False
    trigger: TriggerTerms | None = None
    link: Link | None = None
