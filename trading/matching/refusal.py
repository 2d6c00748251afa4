"""What a decision can be."""

from typing import Any, NamedTuple

from common.errors import ErrorCode
from trading.matching.events import Event

ORDER_NUMBER = "order_number"


class Refusal(NamedTuple):
    """A command that is refused, as a value: refusals are normal."""

    code: ErrorCode
    message: str = ""
    details: dict[str, Any] = {}


Decision = list[Event] | Refusal


def of_order(number: int, refusal: Refusal) -> Refusal:
    """The same, saying which of several linked orders it is about: the first has number 0."""
    return refusal._replace(details={**refusal.details, ORDER_NUMBER: number})


def refuse(code: ErrorCode, message: str = "", **details: Any) -> Refusal:
    return Refusal(code, message, details)
