"""Bring the stored candles up to the newest trade."""

from market.candles import Print
from market.models import CandleProgress, Market
from market.services import record_prints
from trading.models import Trade

CHUNK = 20_000


def roll_up_candles() -> int:
    """Put all trades that are not in the candles yet into them, market by market; how many there were.

    Safe to run twice at once and to stop anywhere: market.services.record_prints counts each trade once.
    """
    return sum(
        _roll_up(market_id) for market_id in Market.objects.values_list("id", flat=True).order_by("id")
    )


def _roll_up(market_id: int) -> int:
    added = 0
    while True:
        prints = _prints_after(market_id, _progress(market_id))
        if prints:
            added += record_prints(market_id, prints, prints[-1].sequence)
        if len(prints) < CHUNK:
            return added


def _progress(market_id: int) -> int:
    progress = CandleProgress.objects.filter(market_id=market_id).values_list("sequence", flat=True).first()
    return progress or 0


def _prints_after(market_id: int, sequence: int) -> list[Print]:
    trades = Trade.objects.filter(market_id=market_id, sequence__gt=sequence).order_by("sequence")
    columns = trades.values_list("price", "quantity", "cost", "created_at", "sequence")
    return [Print(*row) for row in columns[:CHUNK]]
