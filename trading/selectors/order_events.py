"""The event log as people look at it: a market's newest events, and the life of one order.

The log has no index by order, because the hot path would pay for it. An order's events are found by time
instead: the log is in order of time, so where its life begins and ends is found by bisection.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from trading.models import BookState, Order, OrderEvent

# So many events are searched from each end of an order's life.
MOST_SEARCHED = 50_000
MOST_SHOWN = 200
_NEXT_MOMENT = timedelta(milliseconds=1)


def newest_events(market_id: int, before: int | None, limit: int) -> list[OrderEvent]:
    """Newest first; `before` continues an earlier answer below that sequence."""
    rows = OrderEvent.objects.filter(market_id=market_id).order_by("-sequence")
    if before is not None:
        rows = rows.filter(sequence__lt=before)
    return list(rows[:limit])


def events_of(order: Order) -> tuple[list[OrderEvent], bool]:
    """The events that name the order, oldest first, and whether they are all.

    They are not if the order lived through more events than are searched, or has more than are shown.
    """
    newest = BookState.objects.values_list("sequence", flat=True).get(market_id=order.market_id)
    first = _first_since(order.market_id, newest, order.created_at)
    end = newest + 1
    if order.status not in Order.OPEN_STATUSES:
        end = _first_since(order.market_id, newest, order.updated_at + _NEXT_MOMENT)
    searched: list[tuple[int, int]] = [(first, end)]
    if end - first > 2 * MOST_SEARCHED:
        searched = [(first, first + MOST_SEARCHED), (end - MOST_SEARCHED, end)]
    ranges = Q.create([Q(sequence__gte=low, sequence__lt=high) for low, high in searched], connector=Q.OR)
    rows = _naming(order).filter(ranges).order_by("sequence")[: MOST_SHOWN + 1]
    found: Sequence[OrderEvent] = list(rows)
    return list(found[:MOST_SHOWN]), len(searched) == 1 and len(found) <= MOST_SHOWN


def _naming(order: Order) -> QuerySet[OrderEvent]:
    named = Q(order_id=order.pk) | Q(maker_order_id=order.pk)
    return OrderEvent.objects.filter(named, market_id=order.market_id)


def _first_since(market_id: int, newest: int, moment: datetime) -> int:
    """The first sequence not before a moment; one past the newest if there is none."""

    def time_of(sequence: int) -> datetime:
        return OrderEvent.objects.values_list("created_at", flat=True).get(
            market_id=market_id, sequence=sequence
        )

    return 1 + bisect_left(range(1, newest + 1), moment, key=time_of)
