"""What becomes due without anybody asking: orders that expire, prices from outside, the end of an auction."""

import logging

from django.db.models import Q

from common import clock
from trading.matching.terms import OPEN
from trading.matching_service.requests import SweepRequest
from trading.models import BookState
from trading.services.submit import submit

logger = logging.getLogger(__name__)


def sweep_markets() -> int:
    """Sweep every market that has something due; how many. Safe to run twice at once.

    What is late is only told later: a batch begins with what is due, so an expired order never trades.
    """
    return sum(sweep_market(symbol) for symbol in _markets_with_something_due())


def _markets_with_something_due() -> list[str]:
    """One row a market, however many orders: the matching service keeps there what a sweep must know."""
    now = clock.now()
    watches = Q(watches_prices=True, market__status=OPEN, market__price__isnull=False)
    due = BookState.objects.filter(Q(next_expiry_at__lte=now) | Q(market__auction_ends_at__lte=now) | watches)
    return list(due.order_by("market__symbol").values_list("market__symbol", flat=True))


def sweep_market(symbol: str) -> bool:
    """A market that cannot be swept now must not hold up the others; the next sweep tries again."""
    try:
        submit(symbol, [SweepRequest()])
    except Exception:
        logger.exception("%s could not be swept", symbol)
        return False
    return True
