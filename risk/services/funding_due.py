"""What the funding of a contract comes to: the rate that is due, and the one to come."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from django.db.models import Avg, Count

from risk.funding import PREMIUM_STEP, funding_rate
from risk.funding_calendar import last_due
from risk.models import Contract, PremiumSample


@dataclass(frozen=True, slots=True)
class FundingDue:
    """premium: the average of `samples` samples, 0 without any. rate: positive when longs pay shorts."""

    due_at: datetime
    next_at: datetime
    premium: Decimal
    samples: int
    rate: Decimal


def funding_due(contract: Contract, now: datetime) -> FundingDue | None:
    """The funding to be paid now, None if none is due.

    Of several due times that have passed, because nothing ran meanwhile, only the last is due: nobody could have
    traded on the others, nor seen their rates. Its premium is that of its own interval.
    """
    if contract.next_funding_at is None:
        return None
    due_at = last_due(contract.next_funding_at, contract.funding_interval_seconds, now)
    if due_at is None:
        return None
    interval = timedelta(seconds=contract.funding_interval_seconds)
    premium, samples = _average(contract, due_at - interval, due_at)
    return FundingDue(due_at, due_at + interval, premium, samples, _rate(contract, premium))


def predicted_rate(contract: Contract, now: datetime) -> Decimal:
    """What the next funding would be if no more samples came: only to be shown."""
    due = funding_due(contract, now)
    if due is not None:
        return due.rate
    ends = contract.next_funding_at or now
    interval = timedelta(seconds=contract.funding_interval_seconds)
    return _rate(contract, _average(contract, ends - interval, ends)[0])


def _average(contract: Contract, start: datetime, end: datetime) -> tuple[Decimal, int]:
    samples = PremiumSample.objects.filter(contract=contract, sampled_at__gte=start, sampled_at__lt=end)
    found = samples.aggregate(premium=Avg("premium"), count=Count("id"))
    average: Decimal = found["premium"] or Decimal(0)
    return average.quantize(PREMIUM_STEP, ROUND_DOWN), found["count"]


def _rate(contract: Contract, premium: Decimal) -> Decimal:
    return funding_rate(premium, contract.interest_rate, contract.funding_cap)
