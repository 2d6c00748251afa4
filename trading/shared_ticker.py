"""The newest ticker of each market, read once for all threads of a process."""

import threading
from datetime import datetime
from typing import NamedTuple

from common.clock import now
from common.errors import Refused
from market.candles import floor_time
from market.selectors import market_by_symbol
from trading.committed_book import CommittedBook, Top
from trading.selectors.book import book_view
from trading.selectors.market_data import Ticker, ticker
from trading.services.roll_up_candles import roll_up_if_behind


class _Known(NamedTuple):
    top: Top
    second: datetime
    ticker: Ticker


class SharedTicker:
    """Best prices are those of the newest commit. Statistics are of 24 hours that begin with a whole second, so
    they are read again when a trade came or a second has gone by, and not otherwise.
    """

    def __init__(self, symbol: str) -> None:
        """Raises Refused UNKNOWN_SYMBOL."""
        self._symbol = market_by_symbol(symbol).symbol
        self._mutex = threading.Lock()
        self._known: _Known | None = None

    def newest(self) -> Ticker:
        """The same object as long as nothing has changed."""
        try:
            top = book_view(self._symbol, "top", CommittedBook.top)
        except Refused:  # a market that has not been opened for trading
            return _read(self._symbol)
        second = floor_time(now(), 1)
        known = self._known
        if known is None or known.top is not top or known.second != second:
            with self._mutex:
                known = self._known = self._next(self._known, top, second)
        return known.ticker

    def _next(self, known: _Known | None, top: Top, second: datetime) -> _Known:
        if known is None or known.top.traded != top.traded or known.second != second:
            statistics = _read(self._symbol).statistics
        elif known.top is top:  # another thread was here before us
            return known
        else:
            statistics = known.ticker.statistics
        return _Known(top, second, Ticker(self._symbol, statistics, top.bid, top.ask))


_shared: dict[str, SharedTicker] = {}


def newest_ticker(symbol: str) -> Ticker:
    """The market's last 24 hours, as of the newest commit. Raises Refused UNKNOWN_SYMBOL."""
    shared = _shared.get(symbol) or _shared.setdefault(symbol, SharedTicker(symbol))
    return shared.newest()


def _read(symbol: str) -> Ticker:
    roll_up_if_behind()
    return ticker(symbol)
