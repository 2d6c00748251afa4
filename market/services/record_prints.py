"""Put trades into the stored candles, each exactly once."""

import itertools
from collections.abc import Sequence

from django.db import connection, transaction

from market.candles import INTERVALS, Bar, Print, bar_of, fold
from market.models import CandleProgress

_UPSERT = """
    INSERT INTO market_candle AS stored
        (market_id, interval_seconds, open_time, open, high, low, close, volume, quote_volume, trades)
    SELECT %s, * FROM unnest(%s::int[], %s::timestamptz[], %s::numeric[], %s::numeric[], %s::numeric[],
                             %s::numeric[], %s::numeric[], %s::numeric[], %s::int[])
    ON CONFLICT (market_id, interval_seconds, open_time) DO UPDATE SET
        high = GREATEST(stored.high, excluded.high),
        low = LEAST(stored.low, excluded.low),
        close = excluded.close,
        volume = stored.volume + excluded.volume,
        quote_volume = stored.quote_volume + excluded.quote_volume,
        trades = stored.trades + excluded.trades
"""


def make_candle_progress(market_id: int) -> None:
    """A row must be there before it can be locked. In a transaction of its own nobody waits for it long."""
    if not CandleProgress.objects.filter(market_id=market_id).exists():
        CandleProgress.objects.bulk_create([CandleProgress(market_id=market_id)], ignore_conflicts=True)


def lock_candle_progress(market_id: int) -> int | None:
    """Up to which event the market's trades are in its candles; nobody moves it until the transaction ends.

    None if somebody else is moving it now. Call it in a transaction, after make_candle_progress outside it.
    """
    locked = CandleProgress.objects.select_for_update(no_key=True, skip_locked=True)
    return locked.filter(market_id=market_id).values_list("sequence", flat=True).first()


@transaction.atomic
def record_prints(market_id: int, prints: Sequence[Print], sequence: int) -> int:
    """Add the market's trades, in order of sequence, to its candles of all intervals.

    sequence: up to which event of the market `prints` holds every trade since the progress that the caller
    saw. Trades at or below the progress that is found under the lock are in the candles already and are left
    out, so running this twice, or twice at once, counts nothing twice. Answers how many were added.
    """
    make_candle_progress(market_id)
    progress = CandleProgress.objects.select_for_update(no_key=True).get(market_id=market_id)
    fresh = [print_ for print_ in prints if print_.sequence > progress.sequence]
    assert all(a.sequence < b.sequence for a, b in itertools.pairwise(fresh)), "prints out of order"
    assert not fresh or fresh[-1].sequence <= sequence, "prints beyond the sequence they are complete to"
    if fresh:
        _upsert(market_id, fresh)
    if sequence > progress.sequence:
        CandleProgress.objects.filter(market_id=market_id).update(sequence=sequence)
    return len(fresh)


def _upsert(market_id: int, prints: Sequence[Print]) -> None:
    columns: list[list[object]] = [[] for _ in range(9)]
    for seconds, bar in _candles(prints):
        row = (seconds, bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.quote_volume)
        for column, value in zip(columns, (*row, bar.trades), strict=True):
            column.append(value)
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, [market_id, *columns])


def _candles(prints: Sequence[Print]) -> list[tuple[int, Bar]]:
    trades = [bar_of(print_) for print_ in prints]
    return [(seconds, bar) for seconds in INTERVALS.values() for bar in fold(trades, seconds)]
