"""Funding: moving each contract's funding index when it is due, and letting positions pay."""

import logging
from dataclasses import dataclass

from django.db.models import F

from common import clock
from common.errors import Refused
from risk.models import Contract, Position
from risk.services.funding_due import funding_due
from trading.matching_service.requests import FundingRequest, SettleFundingRequest
from trading.services.submit import submit

logger = logging.getLogger(__name__)

AT_ONCE = 200  # accounts in one transaction: so long do the orders of others wait


@dataclass(slots=True)
class Settled:
    """contracts: whose funding was due; accounts: who paid or were paid."""

    contracts: int = 0
    accounts: int = 0


def settle_funding() -> Settled:
    """Pay what is due. Who trades meanwhile settles at that moment, everybody else here; both only once.

    Safe to run twice at once and to stop anywhere: the next run goes on.
    """
    settled = Settled()
    for contract in Contract.objects.select_related("market").order_by("market__symbol"):
        try:
            settled.contracts += _move_index(contract)
            settled.accounts += _settle(contract)
        except Refused as refused:
            logger.warning("%s: funding could not be settled (%s)", contract.market.symbol, refused)
    return settled


def _move_index(contract: Contract) -> bool:
    due = funding_due(contract, clock.now())
    if due is None:
        return False
    request = FundingRequest(due.due_at, due.rate, due.premium, due.samples, due.next_at)
    [outcome] = submit(contract.market.symbol, [request])
    return not isinstance(outcome, Refused)


def _settle(contract: Contract) -> int:
    """Whoever still has funding to pay or to get."""
    behind = Position.objects.filter(market_id=contract.pk).exclude(size=0)
    behind = behind.exclude(funding_index=F("market__contract__funding_index"))
    ids = behind.order_by("account_id").values_list("account_id", flat=True)
    count = last = 0
    while accounts := list(ids.filter(account_id__gt=last)[:AT_ONCE]):
        last = accounts[-1]  # each is asked once, whatever comes of it
        submit(contract.market.symbol, [SettleFundingRequest(account_id) for account_id in accounts])
        count += len(accounts)
    return count
