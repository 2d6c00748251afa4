"""Bring the stored candles up to the newest trade."""

from market.candles import Print
from market.models import CandleProgress, Market
from market.services import record_prints
from trading.models import Trade

CHUNK = 20_000


def roll_up_candles(chunk: int = CHUNK) -> int:
    """Put all trades that are not in the candles yet into them, market by market; how many there were.

    chunk: how many trades go into one transaction. Safe to run twice at once and to stop anywhere:
    market.services.record_prints counts each trade once.
    """
    markets = Market.objects.values_list("id", flat=True).order_by("id")
    return sum(_roll_up(market_id, chunk) for market_id in markets)


def _roll_up(market_id: int, chunk: int) -> int:
    added = 0
    while True:
        prints = _prints_after(market_id, _progress(market_id), chunk)
        if prints:
            added += record_prints(market_id, prints, prints[-1].sequence)
        if len(prints) < chunk:
            return added


def _progress(market_id: int) -> int:
    progress = CandleProgress.objects.filter(market_id=market_id).values_list("sequence", flat=True).first()
    return progress or 0


def _prints_after(market_id: int, sequence: int, most: int) -> list[Print]:
    trades = Trade.objects.filter(market_id=market_id, sequence__gt=sequence).order_by("sequence")
    columns = trades.values_list("price", "quantity", "cost", "created_at", "sequence")
    return [Print(*row) for row in columns[:most]]
