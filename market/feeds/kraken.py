"""Kraken's public REST prices ("Get Ticker Information" in its API's documentation): the last trade's."""

from collections.abc import Sequence
from typing import Any

from market.feeds import web
from market.feeds.price_feed import FeedFailed, Quote
from market.feeds.unlisted import Unlisted, fetch_listed

_CODES = {"BTC": "XBT", "DOGE": "XDG"}
_UNKNOWN_PAIR = "EQuery:Unknown asset pair"


class KrakenFeed:
    name = "kraken"

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + "/0/public/Ticker"

    def fetch(self, symbols: Sequence[str]) -> dict[str, Quote]:
        """See PriceFeed. One call for all symbols; it does not say when a price was so."""
        return fetch_listed(self.name, symbols, self._ask)

    def _ask(self, symbols: Sequence[str]) -> dict[str, Quote]:
        pairs = {symbol: _pair(symbol) for symbol in symbols}
        status, body = web.get(self._url, {"pair": ",".join("".join(pair) for pair in pairs.values())})
        if status != 200:
            raise FeedFailed(f"HTTP status {status}")
        rows = _rows(web.parse_json(body))
        return {symbol: Quote(_last(symbol, pair, rows)) for symbol, pair in pairs.items()}


def _pair(symbol: str) -> tuple[str, str]:
    base, _, quote = symbol.partition("-")
    return _CODES.get(base, base), _CODES.get(quote, quote)


def _rows(answer: Any) -> dict[str, Any]:
    """By Kraken's own names. Raises Unlisted, FeedFailed."""
    if not isinstance(answer, dict) or not isinstance(answer.get("error"), list):
        raise FeedFailed("an answer that is not Kraken's")
    if _UNKNOWN_PAIR in answer["error"]:
        raise Unlisted
    if answer["error"] or not isinstance(answer.get("result"), dict):
        raise FeedFailed("an answer that says there was an error")
    return dict(answer["result"])


def _last(symbol: str, pair: tuple[str, str], rows: dict[str, Any]) -> Any:
    """Kraken answers to the name it was asked by, or to the older one with X before each coin (XETHXXBT)."""
    base, quote = pair
    row = rows.get(base + quote, rows.get(f"X{base}X{quote}"))
    closed = row.get("c") if isinstance(row, dict) else None
    if not isinstance(closed, list) or not closed:
        raise FeedFailed(f"no price of {symbol}")
    return web.parse_price(closed[0])
