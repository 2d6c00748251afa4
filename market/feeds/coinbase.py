"""Coinbase Exchange's public REST prices ("Get product ticker" in its API's documentation): the last trade's, and
when it was."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from market.feeds import web
from market.feeds.price_feed import FeedFailed, Quote
from market.feeds.unlisted import Unlisted, fetch_listed

_EARLIEST_YEAR = 2000  # of a trade; far enough from where calendars and time zones end


class CoinbaseFeed:
    name = "coinbase"

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + "/products"

    def fetch(self, symbols: Sequence[str]) -> dict[str, Quote]:
        """See PriceFeed. One call for each symbol."""
        return fetch_listed(self.name, symbols, self._ask)

    def _ask(self, symbols: Sequence[str]) -> dict[str, Quote]:
        return {symbol: self._ask_one(symbol) for symbol in symbols}

    def _ask_one(self, symbol: str) -> Quote:
        status, body = web.get(f"{self._url}/{symbol}/ticker")
        if status == 404:
            raise Unlisted
        if status != 200:
            raise FeedFailed(f"HTTP status {status}")
        answer = web.parse_json(body)
        if not isinstance(answer, dict):
            raise FeedFailed("an answer that is not an object")
        return Quote(web.parse_price(answer.get("price")), _moment(answer.get("time")))


def _moment(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise FeedFailed("a time that is none") from error
    if moment.tzinfo is None or moment.year < _EARLIEST_YEAR:
        raise FeedFailed("a time that is none")
    return moment
