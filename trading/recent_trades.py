"""The newest trades of one market or of all, from lists in Redis that all processes share.

The database says how far each market has come, in one short statement; Redis has what was traded. Whoever looks
first after a trade adds what is missing to the market's list. A list that was filled after each commit could
miss its newest trades for good, when a process dies between the two, so readers would have to ask the database
all the same; and nobody's order waits for this one. What is in a list is without a gap and without a double:
it is only ever continued from the very trade that it ended with, or made anew.
"""

import json
import logging
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import redis
from django.conf import settings
from django.db import connection

from market.selectors import market_by_symbol
from trading.models import Trade
from trading.presentation import public_trade_json

logger = logging.getLogger(__name__)

MOST_KEPT = 1000  # of each market; as many as an answer can have
KEPT_SECONDS = 86_400
TIMEOUT_SECONDS = 0.5
RETRY_AFTER_SECONDS = 2.0

# Another reader may have continued or remade the list meanwhile: then this one leaves it as it is.
_CONTINUE = """
local newest = redis.call('LINDEX', KEYS[1], 0) or ''
if newest ~= ARGV[1] then return 0 end
if ARGV[2] == 'anew' then redis.call('DEL', KEYS[1]) end
for place = 5, #ARGV do redis.call('LPUSH', KEYS[1], ARGV[place]) end
redis.call('LTRIM', KEYS[1], 0, ARGV[3] - 1)
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""

_NEWEST = """
    SELECT market.symbol, market.id, book.epoch::text, newest.sequence, newest.id
    FROM market_market market
    JOIN trading_bookstate book ON book.market_id = market.id
    JOIN LATERAL (
        SELECT sequence, id FROM trading_trade trade
        WHERE trade.market_id = market.id ORDER BY trade.sequence DESC LIMIT 1
    ) newest ON true
    WHERE market.symbol = %(symbol)s OR %(symbol)s IS NULL
"""


class Kept(NamedTuple):
    """A trade in a list. epoch: of the market's book, another one after the database was emptied."""

    epoch: str
    sequence: int
    trade: dict[str, Any]

    @classmethod
    def of(cls, line: bytes) -> "Kept":
        return cls(*json.loads(line))


class Newest(NamedTuple):
    """How far a market has come: its newest trade."""

    symbol: str
    market_id: int
    epoch: str
    sequence: int
    trade_id: int

    def is_that(self, kept: Kept) -> bool:
        return (kept.epoch, kept.sequence, kept.trade["id"]) == (self.epoch, self.sequence, self.trade_id)


class Shelf:
    """The lists, newest first, by symbol. While Redis is away it is left alone for two seconds at a time."""

    def __init__(self) -> None:
        self._client = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
        )
        self._continue = self._client.register_script(_CONTINUE)
        self._away_until = 0.0

    def lists(self, symbols: Sequence[str], limit: int) -> list[list[bytes]] | None:
        """The first lines of each; None without Redis."""
        if not symbols or time.monotonic() < self._away_until:
            return None
        try:
            with self._client.pipeline(transaction=False) as pipeline:
                for symbol in symbols:
                    pipeline.lrange(_key(symbol), 0, limit - 1)
                return list(pipeline.execute())
        except redis.RedisError as error:
            self._note_absence(error)
            return None

    def keep(self, symbol: str, known: bytes, news: Sequence[Kept], anew: bool) -> None:
        """Put news, newest first, before the line that was known, or in the place of the whole list."""
        lines = [json.dumps(kept) for kept in reversed(news)]
        how = "anew" if anew else "continue"
        try:
            self._continue(keys=[_key(symbol)], args=[known, how, MOST_KEPT, KEPT_SECONDS, *lines])
        except redis.RedisError as error:
            self._note_absence(error)

    def _note_absence(self, error: redis.RedisError) -> None:
        logger.warning("recent trades come from the database: %s", error)
        self._away_until = time.monotonic() + RETRY_AFTER_SECONDS


shelf = Shelf()


def recent_trades(symbol: str | None, limit: int) -> list[dict[str, Any]]:
    """The newest trades of a market, or of all, newest first, as PublicTradeSerializer describes them.

    Every trade that was committed before the call is counted. Raises Refused UNKNOWN_SYMBOL.
    """
    assert limit <= MOST_KEPT
    if symbol is not None:
        market_by_symbol(symbol)
    markets = _newest_of(symbol)
    lists = shelf.lists([newest.symbol for newest in markets], limit)
    found: list[Kept] = []
    for place, newest in enumerate(markets):
        found += _read(newest, 0, limit) if lists is None else _of_list(newest, lists[place], limit)
    trades = [kept.trade for kept in found]
    trades.sort(key=lambda trade: (trade["time"], trade["id"]), reverse=True)
    return trades[:limit]


def _of_list(newest: Newest, lines: list[bytes], limit: int) -> list[Kept]:
    """The market's newest trades, by its list as far as that goes."""
    kept = [Kept.of(line) for line in lines]
    if kept and newest.is_that(kept[0]):
        return kept
    news = _since(newest, kept[0]) if kept else None
    anew = news is None
    if news is None:
        news, kept = _read(newest, 0, MOST_KEPT), []
    if news:
        shelf.keep(newest.symbol, lines[0] if lines else b"", news, anew)
    return [*news, *kept][:limit]


def _since(newest: Newest, known: Kept) -> list[Kept] | None:
    """What was traded after a kept trade; None if that was in another life of the market, or too long ago."""
    if known.epoch != newest.epoch:
        return None
    rows = _read(newest, known.sequence, MOST_KEPT + 1)
    return rows[:-1] if rows and rows[-1] == known else None


def _read(newest: Newest, sequence: int, most: int) -> list[Kept]:
    """Trades from a sequence on, newest first."""
    rows = Trade.objects.filter(market_id=newest.market_id, sequence__gte=sequence).order_by("-sequence")[
        :most
    ]
    return [Kept(newest.epoch, row.sequence, public_trade_json(row, newest.symbol)) for row in rows]


def _newest_of(symbol: str | None) -> list[Newest]:
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, {"symbol": symbol})
        return [Newest(*row) for row in cursor.fetchall()]


def _key(symbol: str) -> str:
    return f"bourse:recent-trades:1:{symbol}"  # another number when a line changes its shape
