"""A client whose orders must not outlive its connection: they are cancelled when it ends, however it ends.

The guard is a row, so it outlives the process that held the connection: what that process does not renew in
time is struck by a sweep. A process that stops in good order hands its guards over instead of striking: whoever
comes back in time keeps its orders, so that a new version of the exchange does not empty the books.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from common import clock
from trading.matching.terms import Reason
from trading.models import DisconnectGuard
from trading.services.cancel_order import cancel_everywhere

logger = logging.getLogger(__name__)

ALIVE_SECONDS = 15
RETURN_SECONDS = 30  # after a process stopped in good order


@transaction.atomic
def guard_connection(account_id: int) -> UUID:
    """A guard for a new connection of the account; its id. It takes the place of one that was handed over, if any:
    of two connections that were cut off and one that came back, the other's guard still strikes."""
    waiting = DisconnectGuard.objects.select_for_update(skip_locked=True)
    returned = waiting.filter(account_id=account_id, is_handed_over=True, alive_until__gt=clock.now()).first()
    if returned is not None:
        returned.delete()
    return DisconnectGuard.objects.create(account_id=account_id, alive_until=_alive_until()).connection_id


def hand_over_guards(connection_ids: Iterable[UUID]) -> set[UUID]:
    """Their process closes these connections and stops. Those whose guard stood, and now waits for the client."""
    guards = DisconnectGuard.objects.filter(connection_id__in=connection_ids, alive_until__gt=clock.now())
    guards.update(alive_until=clock.now() + timedelta(seconds=RETURN_SECONDS), is_handed_over=True)
    return set(guards.values_list("connection_id", flat=True))


def renew_guards(connection_ids: Iterable[UUID]) -> set[UUID]:
    """These connections live. Those whose guard still stands: one that ran out strikes, and is never renewed."""
    guards = DisconnectGuard.objects.filter(connection_id__in=connection_ids, alive_until__gt=clock.now())
    guards.update(alive_until=_alive_until())
    return set(guards.values_list("connection_id", flat=True))


def cancel_on_disconnect(connection_id: UUID) -> list[int]:
    """The connection has ended: cancel all live orders of its account; their ids. Safe to repeat."""
    guard = DisconnectGuard.objects.filter(connection_id=connection_id)
    # First of all, so that a sweep strikes at once if this process does not get to the end.
    guard.update(alive_until=clock.now())
    return [order_id for row in guard for order_id in _strike(row)]


def sweep_disconnected() -> int:
    """Strike every guard that ran out; how many orders. Safe to run twice at once."""
    cancelled = 0
    for guard in list(DisconnectGuard.objects.filter(alive_until__lte=clock.now())):
        try:
            cancelled += len(_strike(guard))
        except Exception:  # the next sweep tries again; the others must not wait for it
            logger.exception("the guard of account %s could not strike", guard.account_id)
    return cancelled


def _strike(guard: DisconnectGuard) -> list[int]:
    cancelled = cancel_everywhere(guard.account_id, reason=Reason.DISCONNECTED)
    guard.delete()
    return cancelled


def _alive_until() -> datetime:
    return clock.now() + timedelta(seconds=ALIVE_SECONDS)
