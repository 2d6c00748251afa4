"""What the rows of a tape say. Times in milliseconds since the epoch; ids are the tape's own."""

from decimal import Decimal
from typing import NamedTuple

from trading.matching.terms import Reason
from trading.rules import NewOrder


class Submit(NamedTuple):
    """account: whose it is, empty if the tape does not say. link: of orders that hang together, and its role.

    line: of the file.
    """

    time: int
    order_id: str
    account: str
    new: NewOrder
    link: str = ""
    role: str = ""
    line: int = 0


class SubmitLinked(NamedTuple):
    time: int
    orders: tuple[Submit, ...]


class Cancel(NamedTuple):
    time: int
    order_id: str
    reason: Reason


class Reduce(NamedTuple):
    """Smaller by `quantity`."""

    time: int
    order_id: str
    quantity: Decimal


class Amend(NamedTuple):
    """quantity: the new total; None leaves what was."""

    time: int
    order_id: str
    price: Decimal | None
    quantity: Decimal | None
    trigger_price: Decimal | None


class Fill(NamedTuple):
    """A recorded trade; the ids are empty if the tape does not say them."""

    time: int
    taker: str
    maker: str
    price: Decimal
    quantity: Decimal


class StatusSet(NamedTuple):
    time: int
    status: str
    reason: str


class PriceSet(NamedTuple):
    """Mark or index price."""

    time: int
    price: Decimal


class Consequence(NamedTuple):
    """What the engine does again by itself."""

    time: int


Action = Submit | SubmitLinked | Cancel | Reduce | Amend | Fill | StatusSet | PriceSet | Consequence


def rows_of(action: Action) -> int:
    return len(action.orders) if isinstance(action, SubmitLinked) else 1
