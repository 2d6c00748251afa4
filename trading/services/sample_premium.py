"""Samples of the book against the index: one per contract and slot of five seconds."""

from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from django.db import connection

from common.money import FLOORING
from market.candles import floor_time
from risk.funding import PRICE_STEP, premium
from risk.models import Contract, PremiumSample
from trading.selectors.impact import book_prices

SLOT_SECONDS = 5
INTERVALS_KEPT = 2

# Over all slots of the window: those without a sample, or without both sides of the book, count as no basis. So quotes
# move the mark as long as they have lasted, in a young market and in a thin one too.
_AVERAGES = f"""
    SELECT c.market_id, trunc(sum(s.basis) / greatest(count(*), c.basis_window_seconds / {SLOT_SECONDS}), 18)
    FROM risk_contract c
    JOIN risk_premiumsample s ON s.contract_id = c.market_id
    WHERE s.sampled_at > %(now)s - c.basis_window_seconds * interval '1 second' AND s.sampled_at <= %(now)s
    GROUP BY c.market_id"""


def sample_premium(contract: Contract, index: Decimal, now: datetime) -> bool:
    """Sample the slot that `now` is in, unless it was; whether it was done now. Forgets what is too old to be used."""
    slot = floor_time(now, SLOT_SECONDS)
    if PremiumSample.objects.filter(contract=contract, sampled_at=slot).exists():
        return False
    book = book_prices(contract.market.symbol, contract.impact_notional)
    basis = None if book.middle is None else (book.middle - index).quantize(PRICE_STEP, ROUND_DOWN, FLOORING)
    found = premium(book.impact_bid, book.impact_ask, index)
    sample = PremiumSample(contract=contract, sampled_at=slot, premium=found, basis=basis)
    PremiumSample.objects.bulk_create([sample], ignore_conflicts=True)
    kept = timedelta(seconds=INTERVALS_KEPT * contract.funding_interval_seconds)
    PremiumSample.objects.filter(contract=contract, sampled_at__lt=now - kept).delete()
    return True


def average_bases(now: datetime) -> dict[int, Decimal]:
    """The moving average of (mid - index) over each contract's window, by contract; without those that have none.

    A slot of five seconds without one counts as zero.
    """
    with connection.cursor() as cursor:
        cursor.execute(_AVERAGES, {"now": now})
        return {market_id: basis for market_id, basis in cursor.fetchall() if basis is not None}
