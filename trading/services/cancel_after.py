"""The dead man's switch: orders of a client that has gone silent are cancelled."""

import logging
from datetime import datetime, timedelta

from common import clock
from common.errors import Refused
from trading.matching.terms import Reason
from trading.models import CancelAfter
from trading.services.cancel_order import cancel_everywhere

logger = logging.getLogger(__name__)


def arm_cancel_after(account_id: int, timeout_ms: int) -> datetime | None:
    """All orders of the account are cancelled unless this is called again in time; 0 disarms.

    Returns when it will strike. The switch is a row, so it outlives a restart.
    """
    if timeout_ms == 0:
        CancelAfter.objects.filter(account_id=account_id).delete()
        return None
    due_at = clock.now() + timedelta(milliseconds=timeout_ms)
    CancelAfter.objects.update_or_create(account_id=account_id, defaults={"due_at": due_at})
    return due_at


def sweep_cancel_after() -> int:
    """Cancel the orders behind every switch that is due; how many orders. Safe to run twice at once."""
    cancelled = 0
    due = CancelAfter.objects.filter(due_at__lte=clock.now()).values_list("account_id", "due_at")
    for account_id, due_at in list(due):
        switch = CancelAfter.objects.filter(account_id=account_id, due_at=due_at)
        if not switch.exists():  # armed again or disarmed meanwhile
            continue
        try:
            cancelled += len(cancel_everywhere(account_id, reason=Reason.CANCEL_AFTER))
        except Refused as refused:  # the next sweep tries again; the others must not wait for it
            logger.error("the switch of account %s could not strike: %s", account_id, refused)
        else:
            switch.delete()
    return cancelled
