"""The fast lanes of GET /api/v1/orderbook/{symbol} and GET /api/v1/ticker/{symbol}.

Their views are trading.api.book.OrderBookView and trading.api.market_data.TickerView. What is shown is what was
committed when the request came (trading.committed_book.SharedBook); only the writing of it as text is spared.
"""

import re
from collections.abc import Callable

from common.api.costs import Query
from common.api.exceptions import error_answer
from common.api.fast_lane import Answer, Environ, Headers, encode_json
from common.api.throttling import OverLimit, charge_lane, cost_of, stranger
from common.errors import Refused
from trading.api.book import DEFAULT_DEPTH, MAX_DEPTH
from trading.presentation import book_json, ticker_json
from trading.selectors.book import book_view
from trading.selectors.market_data import Ticker
from trading.shared_ticker import newest_ticker

HEADERS: Headers = (
    ("Content-Type", "application/json"),
    ("Vary", "Accept, Cookie"),
    ("Allow", "GET, HEAD, OPTIONS"),
)
_DEPTH = re.compile(r"depth=([1-9][0-9]{0,3})", re.ASCII)

_written_tickers: dict[str, tuple[Ticker, bytes]] = {}


def orderbook(environ: Environ) -> Answer | None:
    depth = _depth(environ.get("QUERY_STRING", ""))
    if depth is None:
        return None
    return _shown(
        environ,
        "/api/v1/orderbook/{symbol}",
        {"depth": str(depth)},
        lambda symbol: book_view(
            symbol, ("json", depth), lambda book: encode_json(book_json(book.snapshot(depth))).encode()
        ),
    )


def ticker(environ: Environ) -> Answer | None:
    return (
        None if environ.get("QUERY_STRING") else _shown(environ, "/api/v1/ticker/{symbol}", {}, _write_ticker)
    )


def _shown(environ: Environ, endpoint: str, query: Query, show: Callable[[str], bytes]) -> Answer | None:
    """None for whoever signs in, whose own limit it counts for, and for a market that is not there."""
    if "HTTP_AUTHORIZATION" in environ:
        return None
    try:
        body = show(environ["PATH_INFO"].rpartition("/")[2])
        charged = charge_lane(cost_of("GET", endpoint), environ, stranger(environ), query)
        return Answer(200, body, (*HEADERS, *charged))
    except OverLimit as over:
        return error_answer(over, "", (*HEADERS, *over.headers))
    except Refused:
        return None


def _depth(query: str) -> int | None:
    if not query:
        return DEFAULT_DEPTH
    found = _DEPTH.fullmatch(query)
    return int(found[1]) if found and int(found[1]) <= MAX_DEPTH else None


def _write_ticker(symbol: str) -> bytes:
    newest = newest_ticker(symbol)
    written = _written_tickers.get(symbol)
    if written is None or written[0] is not newest:
        written = _written_tickers[symbol] = (newest, encode_json(ticker_json(newest)).encode())
    return written[1]
