"""Words of the trade that commands, events and the book share."""

from enum import StrEnum

BUY = "buy"
SELL = "sell"
OPPOSITE = {BUY: SELL, SELL: BUY}

LIMIT = "limit"
MARKET = "market"

GTC = "gtc"
IOC = "ioc"
FOK = "fok"

CANCEL_NEWEST = "cancel_newest"
CANCEL_OLDEST = "cancel_oldest"
CANCEL_BOTH = "cancel_both"
DECREMENT = "decrement"


class Reason(StrEnum):
    """Why an order, or a part of it, ended without being filled."""

    USER = "CANCELLED_BY_USER"
    CANCEL_AFTER = "CANCEL_AFTER_TIMEOUT"
    SUSPENDED = "ACCOUNT_SUSPENDED"
    STAFF = "CANCELLED_BY_STAFF"
    AMEND = "AMENDED"
    IOC_REMAINDER = "IOC_REMAINDER"
    FOK_NOT_FILLABLE = "FOK_NOT_FILLABLE"
    NO_LIQUIDITY = "NO_LIQUIDITY"
    BELOW_ONE_LOT = "COST_BELOW_ONE_LOT"
    SELF_TRADE = "SELF_TRADE_PREVENTED"
