"""Binance's public REST prices ("Symbol price ticker" in its API's documentation)."""

import json
from collections.abc import Sequence
from typing import Any

from market.feeds import web
from market.feeds.price_feed import FeedFailed, Quote
from market.feeds.unlisted import Unlisted, fetch_listed

_INVALID_SYMBOL = -1121


class BinanceFeed:
    name = "binance"

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + "/api/v3/ticker/price"

    def fetch(self, symbols: Sequence[str]) -> dict[str, Quote]:
        """See PriceFeed. One call for all symbols; it does not say when a price was so."""
        return fetch_listed(self.name, symbols, self._ask)

    def _ask(self, symbols: Sequence[str]) -> dict[str, Quote]:
        names = {symbol.replace("-", ""): symbol for symbol in symbols}
        status, body = web.get(self._url, {"symbols": json.dumps(sorted(names), separators=(",", ":"))})
        if status == 400 and _is_unlisted(web.parse_json(body)):
            raise Unlisted
        if status != 200:
            raise FeedFailed(f"HTTP status {status}")
        return _parse_prices(web.parse_json(body), names)


def _is_unlisted(answer: Any) -> bool:
    return isinstance(answer, dict) and answer.get("code") == _INVALID_SYMBOL


def _parse_prices(answer: Any, names: dict[str, str]) -> dict[str, Quote]:
    if not isinstance(answer, list):
        raise FeedFailed("an answer that is not a list")
    quotes: dict[str, Quote] = {}
    for row in answer:
        if not isinstance(row, dict) or not isinstance(row.get("symbol"), str):
            raise FeedFailed("a row without a symbol")
        if row["symbol"] in names:
            quotes[names[row["symbol"]]] = Quote(web.parse_price(row.get("price")))
    missing = sorted(set(names.values()) - set(quotes))
    if missing:
        raise FeedFailed(f"no price of {', '.join(missing)}")
    return quotes
