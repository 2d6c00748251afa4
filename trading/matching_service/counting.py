"""A batch that was committed, and requests that were answered, told to the meters."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from common.errors import Refused
from common.measure import measure
from risk.meters import LIQUIDATION_EVENTS
from trading import meters
from trading.matching.lifecycle import ENDED
from trading.matching_service.requests import (
    AmendRequest,
    CancelAllRequest,
    CancelRequest,
    LinkedRequest,
    Outcome,
    PlaceRequest,
    Request,
)

if TYPE_CHECKING:
    from trading.matching_service.batch import Batch

_ENDED = frozenset(ENDED)
_NAMES: dict[type, str] = {
    PlaceRequest: "place",
    LinkedRequest: "linked",
    CancelRequest: "cancel",
    CancelAllRequest: "cancel",
    AmendRequest: "amend",
}


def count_committed(batch: "Batch") -> None:
    """Once for each batch, whichever of its attempts was committed."""
    _count_orders(batch)
    if batch.fills:
        base = sum((fill.quantity for fill in batch.fills), Decimal(0))
        quote = sum((fill.cost for fill in batch.fills), Decimal(0))
        meters.TRADES.labels(batch.symbol).inc(len(batch.fills))
        meters.VOLUME_BASE.labels(batch.symbol).inc(measure(base))
        meters.VOLUME_QUOTE.labels(batch.symbol).inc(measure(quote))
    for kind in batch.liquidations.steps_taken():
        LIQUIDATION_EVENTS.labels(kind).inc()


def _count_orders(batch: "Batch") -> None:
    accepted: Counter[tuple[str, str]] = Counter()
    ended: Counter[str] = Counter()
    for change in batch.changes.orders.values():
        if change.place is not None:
            accepted[change.place.side, change.place.type] += 1
        if change.status in _ENDED:
            ended[change.status.value] += 1
    for (side, kind), number in accepted.items():
        meters.ORDERS.labels(batch.symbol, side, kind).inc(number)
    for status, number in ended.items():
        meters.ORDERS_ENDED.labels(batch.symbol, status).inc(number)


def count_answered(
    symbol: str, requests: Sequence[Request], outcomes: Iterable[Outcome], seconds: float
) -> None:
    """Of one caller's requests, which waited `seconds` for their outcomes."""
    for request, outcome in zip(requests, outcomes, strict=True):
        kind = type(request)
        if kind is PlaceRequest or kind is LinkedRequest:
            meters.ACKNOWLEDGE_SECONDS.labels(symbol).observe(seconds)
        if isinstance(outcome, Refused):
            meters.REFUSALS.labels(symbol, _NAMES.get(kind, "other"), outcome.code.name).inc()
