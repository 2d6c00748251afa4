"""Count what happened in the markets into rows of minutes and hours, from their event logs, each event exactly once.

The log of a market has one sequence without gaps, given under its lock: what is at or below the progress is counted.
"""

from django.db import connection, transaction

from common import clock
from kpi.models import RollUp, TradingProgress
from trading.matching.terms import Reason
from trading.models import BookState

TRADING = "trading"  # its row of RollUp
CHUNK = 20_000  # events of one transaction
MOST_CHUNKS = 50  # of one run: an old exchange that begins to count does so in several

_EVENTS = """
    WITH event AS (
        SELECT sequence, kind, order_id, maker_order_id, account_id, maker_account_id, price, quantity, reason,
               created_at
        FROM trading_orderevent
        WHERE market_id = %(market)s AND sequence > %(after)s AND sequence <= %(upto)s
    ),
"""

# An order is filled at its last trade, which is the newest one that names it: another may follow beyond this chunk.
_COUNT = (
    _EVENTS
    + """
    named AS (
        SELECT order_id AS id, sequence, created_at FROM event WHERE kind IN ('T', 'U')
        UNION ALL
        SELECT maker_order_id, sequence, created_at FROM event WHERE kind IN ('T', 'U')
    ),
    filled AS (
        SELECT DISTINCT ON (named.id) named.created_at
        FROM named JOIN trading_order o ON o.id = named.id AND o.status = 'filled'
        WHERE NOT EXISTS (SELECT FROM trading_trade t WHERE t.taker_order_id = named.id AND t.sequence > %(upto)s)
          AND NOT EXISTS (SELECT FROM trading_trade t WHERE t.maker_order_id = named.id AND t.sequence > %(upto)s)
        ORDER BY named.id, named.sequence DESC
    ),
    told AS (
        SELECT created_at, (kind = 'A')::int AS orders, (kind IN ('T', 'U'))::int AS trades, 0 AS filled,
               (kind = 'C' AND reason NOT IN ('EXPIRED', 'WIND_DOWN'))::int AS cancelled,
               (kind = 'C' AND reason IN ('EXPIRED', 'WIND_DOWN'))::int AS expired,
               CASE WHEN kind IN ('T', 'U') THEN quantity::numeric ELSE 0 END AS lots,
               CASE WHEN kind IN ('T', 'U') THEN quantity::numeric * price ELSE 0 END AS ticks
        FROM event
        UNION ALL
        SELECT created_at, 0, 0, 1, 0, 0, 0, 0 FROM filled
    )
    INSERT INTO kpi_tradingstat AS known (step_seconds, start, market_id, orders, trades, filled, cancelled, expired,
                                          volume, quote_volume)
    SELECT step, date_bin(make_interval(secs => step), told.created_at, 'epoch') AS start, %(market)s, sum(orders),
           sum(trades), sum(filled), sum(cancelled), sum(expired), sum(lots) * min(m.lot),
           sum(ticks) * min(m.tick) * min(m.lot)
    FROM told, market_market m, (VALUES (60), (3600)) AS steps (step)
    WHERE m.id = %(market)s
    GROUP BY step, start
    HAVING sum(orders + trades + filled + cancelled + expired) > 0
    ON CONFLICT (step_seconds, start, market_id) DO UPDATE SET
        orders = known.orders + excluded.orders, trades = known.trades + excluded.trades,
        filled = known.filled + excluded.filled, cancelled = known.cancelled + excluded.cancelled,
        expired = known.expired + excluded.expired, volume = known.volume + excluded.volume,
        quote_volume = known.quote_volume + excluded.quote_volume
"""
)

# Who placed, amended or cancelled an order, or traded. Sorted, so that two markets never wait for each other's rows.
_NOTE_ACTIVE = (
    _EVENTS
    + """
    acted AS (
        SELECT account_id, created_at FROM event
        WHERE kind IN ('A', 'M', 'Q', 'T', 'U') OR (kind = 'R' AND reason = %(amended)s)
           OR (kind = 'C' AND reason = %(by_user)s)
        UNION ALL
        SELECT maker_account_id, created_at FROM event WHERE kind IN ('T', 'U')
    )
    INSERT INTO kpi_useractivity AS known (user_id, last_active_at)
    SELECT coalesce(a.user_id, owner.user_id) AS user_id, max(acted.created_at)
    FROM acted JOIN accounts_account a ON a.id = acted.account_id
    LEFT JOIN accounts_account owner ON owner.id = a.owner_id
    WHERE coalesce(a.user_id, owner.user_id) IS NOT NULL
    GROUP BY 1 ORDER BY 1
    ON CONFLICT (user_id) DO UPDATE SET last_active_at = greatest(known.last_active_at, excluded.last_active_at)
"""
)


def roll_up_trading(chunk: int = CHUNK, most_chunks: int = MOST_CHUNKS) -> int:
    """How many new events there were. Safe to run twice at once, and to stop anywhere.

    chunk: how many events go into one transaction. most_chunks: of each market, in this run.
    """
    begun = clock.now()
    newest = dict(BookState.objects.values_list("market_id", "sequence"))
    added = sum(_roll_up(market_id, chunk, most_chunks) for market_id in sorted(newest))
    counted = dict(TradingProgress.objects.values_list("market_id", "sequence"))
    if all(counted[market_id] >= sequence for market_id, sequence in newest.items()):
        RollUp.objects.update_or_create(name=TRADING, defaults={"done_at": begun})
    return added


def _roll_up(market_id: int, chunk: int, most_chunks: int) -> int:
    if not TradingProgress.objects.filter(market_id=market_id).exists():
        TradingProgress.objects.bulk_create([TradingProgress(market_id=market_id)], ignore_conflicts=True)
    added = 0
    for _ in range(most_chunks):
        events = _count_chunk(market_id, chunk)
        added += events
        if events < chunk:
            break
    return added


@transaction.atomic
def _count_chunk(market_id: int, most: int) -> int:
    """None are counted if another roll-up is at work on this market."""
    locked = TradingProgress.objects.select_for_update(no_key=True, skip_locked=True)
    progress = locked.filter(market_id=market_id).first()
    if progress is None:
        return 0
    newest = BookState.objects.values_list("sequence", flat=True).get(market_id=market_id)
    upto = min(newest, progress.sequence + most)
    if upto <= progress.sequence:
        return 0
    given: dict[str, int | str] = {
        "market": market_id,
        "after": progress.sequence,
        "upto": upto,
        "amended": Reason.AMEND.value,
        "by_user": Reason.USER.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, given)
        cursor.execute(_NOTE_ACTIVE, given)
    TradingProgress.objects.filter(market_id=market_id).update(sequence=upto)
    return upto - progress.sequence
