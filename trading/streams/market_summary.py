"""The ticker and the candles of one market as messages for sockets."""

import json
from typing import Any

from common import clock
from common.clock import to_ms
from market.candles import INTERVALS
from trading.presentation import kline_json, ticker_json
from trading.selectors.market_data import klines, ticker

TICKER = "ticker"
KLINES = {f"kline_{interval}": interval for interval in INTERVALS}
SUMMARIES = (TICKER, *KLINES)

# So many candles back one may still change, for a trade is committed a moment after the time that it bears.
MOST_CHANGING = 5
MOST_CANDLES = 100  # in one look, after a quiet spell; what is left out was without a trade

Row = Any  # a ticker (dict) or a candle (list), as the REST API shows it


def look(symbol: str, channel: str, shown: list[Row]) -> list[Row]:
    """The ticker, or the newest candles, oldest first: those in `shown` and all since. Blocking.

    No candles before the market's first trade. Raises Refused UNKNOWN_SYMBOL.
    """
    if channel == TICKER:
        return [ticker_json(ticker(symbol))]
    interval = KLINES[channel]
    bars = klines(symbol, interval, limit=_how_many(INTERVALS[interval] * 1000, shown))
    return [kline_json(bar) for bar in bars]


def message(symbol: str, channel: str, kind: str, row: Row | None) -> str:
    name = TICKER if channel == TICKER else "kline"
    return json.dumps({"channel": channel, "type": kind, "symbol": symbol, name: row}, separators=(",", ":"))


def _how_many(milliseconds: int, shown: list[Row]) -> int:
    """Candles from the first one shown to the one that is open now."""
    if not shown:
        return MOST_CHANGING
    elapsed = to_ms(clock.now()) - shown[0][0]
    return min(max(elapsed // milliseconds + 1, MOST_CHANGING), MOST_CANDLES)
