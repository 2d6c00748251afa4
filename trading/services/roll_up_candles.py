"""Bring the stored candles up to the newest trade."""

from django.db import connection, transaction

from market.candles import Print
from market.models import Market
from market.services import lock_candle_progress, make_candle_progress, record_prints
from trading.models import Trade

CHUNK = 20_000
# So many trades beside the candles are added up by each reader in some 20 ms.
MOST_LEFT_TO_READERS = 2_000

_IS_BEHIND = """
    SELECT EXISTS (
        SELECT FROM market_market market
        LEFT JOIN market_candleprogress progress ON progress.market_id = market.id
        CROSS JOIN LATERAL (
            SELECT FROM trading_trade trade
            WHERE trade.market_id = market.id AND trade.sequence > coalesce(progress.sequence, 0)
            ORDER BY trade.sequence OFFSET %s LIMIT 1
        ) one_too_many
    )
"""


def roll_up_candles(chunk: int = CHUNK) -> int:
    """Put all trades that are not in the candles yet into them, market by market; how many there were.

    chunk: how many trades go into one transaction. Safe to run twice at once and to stop anywhere: a market
    that another roll-up is at work on is left to it, and each trade is counted once.
    """
    markets = Market.objects.values_list("id", flat=True).order_by("id")
    return sum(_roll_up(market_id, chunk) for market_id in markets)


def roll_up_if_behind(most: int = MOST_LEFT_TO_READERS) -> int:
    """What a reader of candles does first: if no worker has rolled up for long, it is done here and now.

    So answers take constant time even without a worker. How many trades were rolled up.
    """
    with connection.cursor() as cursor:
        cursor.execute(_IS_BEHIND, [most])
        is_behind = cursor.fetchone()[0]
    return roll_up_candles() if is_behind else 0


def _roll_up(market_id: int, chunk: int) -> int:
    make_candle_progress(market_id)
    added = 0
    while True:
        with transaction.atomic():
            progress = lock_candle_progress(market_id)
            prints = _prints_after(market_id, progress, chunk) if progress is not None else []
            if prints:
                added += record_prints(market_id, prints, prints[-1].sequence)
        if len(prints) < chunk:
            return added


def _prints_after(market_id: int, sequence: int, most: int) -> list[Print]:
    trades = Trade.objects.filter(market_id=market_id, sequence__gt=sequence).order_by("sequence")
    columns = trades.values_list("price", "quantity", "cost", "created_at", "sequence")
    return [Print(*row) for row in columns[:most]]
