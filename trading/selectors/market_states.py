"""Why a market is in the state it is in."""

from trading.models import OrderEvent


def newest_state_reason(market_id: int) -> str:
    """The reason of its last change of state in the log; empty if there was none.

    Quick of a market that nobody can trade in, for little was logged since; not to be asked of an open one.
    """
    changes = OrderEvent.objects.filter(market_id=market_id, kind=OrderEvent.Kind.STATUS_CHANGED)
    return changes.order_by("-sequence").values_list("reason", flat=True).first() or ""
