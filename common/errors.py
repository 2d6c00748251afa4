"""The one list of refusals and errors that clients can meet.

The API's answers, the documentation and the page use this list and no other.
"""

from enum import Enum, unique
from typing import Any


@unique
class ErrorCode(Enum):
    """Each member: HTTP status, and what it means in plain words."""

    # The request itself
    BAD_REQUEST = (400, "The request could not be understood.")
    VALIDATION_ERROR = (400, "One or more fields are wrong; `details` names each.")
    NOT_AUTHENTICATED = (401, "Sign in first: no valid access token was given.")
    INVALID_CREDENTIALS = (401, "The user name, password or key is not right.")
    INVALID_TOKEN = (401, "The token is invalid, expired or was used before.")
    INVALID_SIGNATURE = (401, "The signature does not fit the request, or there is no such key.")
    TIMESTAMP_OUT_OF_WINDOW = (401, "The request was signed too long ago, or its time lies ahead of ours.")
    REQUEST_REPLAYED = (401, "This signed request was sent before.")
    PERMISSION_DENIED = (403, "You may not do this.")
    ACCOUNT_SUSPENDED = (403, "This user is suspended.")
    TWO_FACTOR_REQUIRED = (403, "This takes a one-time code of your second factor.")
    INVALID_CODE = (403, "The one-time code is wrong, too old or was used before.")
    NOT_FOUND = (404, "There is no such thing here.")
    METHOD_NOT_ALLOWED = (405, "This address does not take this method.")
    NOT_ACCEPTABLE = (406, "No representation that you accept is available.")
    CONFLICT = (409, "This is already taken.")
    PAYLOAD_TOO_LARGE = (413, "The request body is too large.")
    UNSUPPORTED_MEDIA_TYPE = (415, "Send JSON with Content-Type: application/json.")
    RATE_LIMITED = (429, "Too many requests; wait as long as Retry-After says.")
    INTERNAL_ERROR = (500, "Something went wrong on our side; it was logged.")
    UNAVAILABLE = (503, "A part that this needs is not available; try again shortly.")
    # Orders
    UNKNOWN_SYMBOL = (404, "There is no such market.")
    ORDER_NOT_FOUND = (404, "You have no such order.")
    ORDER_NOT_OPEN = (409, "The order is no longer open.")
    MARKET_NOT_OPEN = (422, "The market does not take new orders now.")
    INVALID_PRICE = (422, "The price is not a positive multiple of the market's tick.")
    INVALID_QUANTITY = (422, "The quantity is not a positive multiple of the market's lot.")
    MIN_NOTIONAL = (422, "Price times quantity is below the market's minimum notional.")
    MAX_NOTIONAL = (422, "Price times quantity is above what the exchange takes.")
    POST_ONLY_WOULD_TAKE = (422, "A post-only order would have traded at once.")
    INSUFFICIENT_FUNDS = (422, "The available balance does not cover this.")
    WOULD_TRIGGER_AT_ONCE = (422, "The price is already beyond the trigger: the order would fire at once.")
    NO_REFERENCE_PRICE = (422, "There is no price yet that the order could follow.")
    PRICE_OUT_OF_BAND = (422, "The price is too far from the market's reference price.")
    TOO_MANY_OPEN_ORDERS = (422, "You have as many open orders in this market as it allows.")
    ORDER_EXPIRED = (422, "The time at which the order expires has passed.")
    AMEND_INVALID = (422, "The order cannot be changed like that.")
    INSUFFICIENT_MARGIN = (422, "The free margin does not cover this.")
    LEVERAGE_TOO_HIGH = (
        422,
        "This much leverage is not allowed for your tier, or for a position this large.",
    )
    EXPOSURE_LIMIT = (422, "The order would bring exposure above what is allowed.")
    REDUCE_ONLY = (422, "There is no position, or not as much of one, that the order could reduce.")
    POSITION_OPEN = (409, "Close the position and cancel its orders first.")
    NO_POSITION = (404, "You have no position in this contract.")
    NOT_A_PERPETUAL = (422, "This is possible in perpetual contracts only.")
    NO_MARK_PRICE = (422, "The contract has no mark price yet.")
    LENDING_LIMIT = (422, "As much of this asset is not lent to you now.")
    NO_LOAN = (422, "You owe nothing of this asset.")
    LIQUIDATION_IN_PROGRESS = (422, "The account is being liquidated.")
    PRICE_NOT_SIMULATED = (409, "Only a simulated price can be set by hand.")
    FAUCET_LIMIT = (422, "The faucet gives only so much test money per user.")

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text


class Refused(Exception):
    """A normal refusal, to be shown to the caller; nothing was changed."""

    # Positional only, so that `details` may name a field of any name, such as "code".
    def __init__(self, code: ErrorCode, message: str = "", /, **details: Any) -> None:
        self.code = code
        self.message = message or code.text
        self.details = details
        super().__init__(f"{code.name}: {self.message}")

    def body(self) -> dict[str, Any]:
        """The error shape of the API."""
        return {"code": self.code.name, "message": self.message, "details": self.details}
