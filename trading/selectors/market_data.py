"""Public market data: trades, candles, and the statistics of the last 24 hours.

Candles are rolled up a moment after their trades (trading/services/roll_up_candles.py). Each answer here adds
the trades that are not in the candles yet, read in the same statement and so in the same snapshot: it is
exact whether or not the roll-up has run, and a trade is never in it twice. Whatever the length of the
history, only ranges of indexes are read: at most `limit` candles or 144 of them, and the tail of trades,
which roll_up_if_behind keeps short even when there is no worker.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from common.clock import now
from common.errors import ErrorCode, Refused
from market.candles import (
    INTERVALS,
    Bar,
    Statistics,
    ceil_time,
    contiguous,
    floor_time,
    fold,
    quiet,
    statistics,
)
from market.selectors import market_by_symbol
from trading.models import Trade
from trading.selectors.book import book_snapshot

DAY = timedelta(days=1)
BIGINT_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Ticker:
    """A market over the last 24 hours; no statistics before its first trade. Best prices as of now."""

    symbol: str
    statistics: Statistics | None
    best_bid: Decimal | None
    best_ask: Decimal | None

    @property
    def volume(self) -> Decimal:
        """In base."""
        return self.statistics.volume if self.statistics else Decimal(0)

    @property
    def quote_volume(self) -> Decimal:
        return self.statistics.quote_volume if self.statistics else Decimal(0)

    @property
    def trades(self) -> int:
        return self.statistics.trades if self.statistics else 0


def public_trades(symbol: str) -> QuerySet[Trade]:
    """The market's trades, newest first, without their owners. Raises Refused(UNKNOWN_SYMBOL)."""
    market = market_by_symbol(symbol)
    shown = ("id", "sequence", "price", "quantity", "cost", "taker_side", "created_at")
    return Trade.objects.filter(market=market).only(*shown).order_by("-sequence")


def public_trade(trade_id: int) -> Trade:
    """One trade with its market, without its owners. Raises Refused(NOT_FOUND)."""
    shown = ("id", "price", "quantity", "taker_side", "created_at", "market__symbol")
    trade = None
    if trade_id <= BIGINT_MAX:
        trade = Trade.objects.select_related("market").only(*shown).filter(pk=trade_id).first()
    if trade is None:
        raise Refused(ErrorCode.NOT_FOUND, "There is no such trade.")
    return trade


def last_price(symbol: str) -> Decimal | None:
    """The price of the newest trade; None before the first. Raises Refused(UNKNOWN_SYMBOL)."""
    return public_trades(symbol).values_list("price", flat=True).first()


# A trade is a bar of its own. Both bounds on `sequence`, because with only the lower one, which is not known
# before the statement runs, the planner expects a third of the table and may read all of it.
_TAIL = """
    SELECT trade.sequence, trade.created_at, price, price, price, price, quantity, cost, 1
    FROM trading_trade trade
    WHERE trade.market_id = {market} AND trade.sequence > {progress} AND trade.sequence < 9223372036854775807
"""

_COLUMNS = "open_time, open, high, low, close, volume, quote_volume, trades"

_KLINES = f"""
    (SELECT 0 AS sequence, {_COLUMNS} FROM market_candle
     WHERE market_id = %(market)s AND interval_seconds = %(seconds)s AND open_time < %(start)s
     ORDER BY open_time DESC LIMIT 1)
    UNION ALL
    (SELECT 0, {_COLUMNS} FROM market_candle
     WHERE market_id = %(market)s AND interval_seconds = %(seconds)s
       AND open_time >= %(start)s AND open_time <= %(end)s
     ORDER BY open_time LIMIT %(limit)s)
    UNION ALL
    ({
    _TAIL.format(
        market="%(market)s",
        progress="coalesce((SELECT sequence FROM market_candleprogress WHERE market_id = %(market)s), 0)",
    )
})
    ORDER BY sequence, open_time
"""


def klines(
    symbol: str, interval: str, start: datetime | None = None, end: datetime | None = None, limit: int = 100
) -> list[Bar]:
    """Candles that open from `start` to `end`, both included, oldest first, at most `limit`.

    Without a start, the newest `limit` up to the end; without an end, up to now. Intervals without a trade
    are flat at the close before them, so the list has no holes from the market's first trade on. Raises
    Refused(UNKNOWN_SYMBOL); `interval` must be one of INTERVALS.
    """
    market = market_by_symbol(symbol)
    seconds = INTERVALS[interval]
    latest = now()
    end = min(end, latest) if end else latest
    if start is not None and start > end:
        return []
    if start is None:
        start = floor_time(end, seconds) - timedelta(seconds=seconds) * (limit - 1)
    rows = _rows(
        _KLINES, {"market": market.id, "seconds": seconds, "start": start, "end": end, "limit": limit}
    )
    bars = fold((Bar(*bar) for _, *bar in rows), seconds)
    return contiguous(bars, seconds, start, end, limit)


# The window in the coarsest candles that fit: seconds up to a whole minute, minutes up to a whole hour, then
# hours. `quiet` is the newest trade ever as a bar without trades, for a market that had none in the window.
_TICKERS = f"""
    SELECT market.symbol, bar.*
    FROM market_market market
    LEFT JOIN market_candleprogress progress ON progress.market_id = market.id
    LEFT JOIN LATERAL (
        (SELECT -1 AS sequence, created_at AS open_time, price AS open, price AS high, price AS low,
                price AS close, 0::numeric AS volume, 0::numeric AS quote_volume, 0 AS trades
         FROM trading_trade quiet WHERE quiet.market_id = market.id ORDER BY quiet.sequence DESC LIMIT 1)
        UNION ALL
        SELECT 0, {_COLUMNS} FROM market_candle
        WHERE market_id = market.id AND interval_seconds = 1
          AND open_time >= %(start)s AND open_time < %(minute)s
        UNION ALL
        SELECT 0, {_COLUMNS} FROM market_candle
        WHERE market_id = market.id AND interval_seconds = 60
          AND open_time >= %(minute)s AND open_time < %(hour)s
        UNION ALL
        SELECT 0, {_COLUMNS} FROM market_candle
        WHERE market_id = market.id AND interval_seconds = 3600 AND open_time >= %(hour)s
        UNION ALL
        {_TAIL.format(market="market.id", progress="coalesce(progress.sequence, 0)")}
          AND trade.created_at >= %(start)s
    ) bar ON true
    WHERE market.symbol = ANY(%(symbols)s::text[]) OR %(all)s
    ORDER BY market.symbol, bar.sequence, bar.open_time
"""


def ticker(symbol: str) -> Ticker:
    """The market's last 24 hours. Raises Refused(UNKNOWN_SYMBOL)."""
    return _tickers([market_by_symbol(symbol).symbol])[0]


def tickers() -> list[Ticker]:
    """The last 24 hours of all markets, by symbol; the trades and candles of all in one statement."""
    return _tickers(None)


def _tickers(symbols: Sequence[str] | None) -> list[Ticker]:
    start = floor_time(now() - DAY, 1)
    minute = ceil_time(start, 60)
    window = {"start": start, "minute": minute, "hour": ceil_time(minute, 3_600)}
    rows = _rows(_TICKERS, window | {"symbols": list(symbols or ()), "all": symbols is None})
    return [
        Ticker(symbol, _statistics(Bar(*bar) for _, _, *bar in group if bar[0] is not None), *_best(symbol))
        for symbol, group in groupby(rows, key=lambda row: row[0])
    ]


def _statistics(bars: Iterable[Bar]) -> Statistics | None:
    every = list(bars)
    traded = statistics(bar for bar in every if bar.trades)
    return traded or (quiet(every[0].close) if every else None)


def _best(symbol: str) -> tuple[Decimal | None, Decimal | None]:
    """Best bid and best ask; none of them in a market that has not been opened for trading yet."""
    try:
        book = book_snapshot(symbol, 1)
    except Refused:
        return None, None
    bid, ask = (side[0][0] if side else None for side in (book.bids, book.asks))
    return bid, ask


def _rows(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()
