"""Why a market is in its state: for those who may change it only if nobody else has stepped in."""

from typing import TYPE_CHECKING

from trading.matching.events import StatusChanged
from trading.matching_service.requests import StatusRequest

if TYPE_CHECKING:
    from trading.matching_service.batch import Batch

# Quick because it is asked of markets that nobody can trade in: little was logged since.
_NEWEST_REASON = """
    SELECT reason FROM trading_orderevent WHERE market_id = %s AND kind = 'S' ORDER BY sequence DESC LIMIT 1"""


def allows(batch: "Batch", request: StatusRequest) -> bool:
    """Asked under the symbol's lock."""
    if request.only_from and batch.book.status not in request.only_from:
        return False
    return not request.only_after or _newest_reason(batch) == request.only_after


def _newest_reason(batch: "Batch") -> str:
    for event, _ in reversed(batch.events):
        if type(event) is StatusChanged:
            return event.reason
    row = batch.cursor.execute(_NEWEST_REASON, (batch.market_id,)).fetchone()
    return "" if row is None else str(row[0])
