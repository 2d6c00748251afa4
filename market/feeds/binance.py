"""Binance's public REST prices ("Symbol price ticker" in its API's documentation).

Whatever comes from there is outside input: its size, its time and every field are checked.
"""

import json
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NoReturn

import requests
import urllib3
from django.core.cache import cache

from common.money import NotANumber, parse_decimal
from market.feeds.price_feed import FeedFailed

TIMEOUT_SECONDS = (1.0, 1.5)  # to connect, and between two reads
DEADLINE_SECONDS = 3.0  # for the whole body, against an answer that drips
MAX_BODY_BYTES = 65_536
UNLISTED_SECONDS = 600
_UNLISTED_KEY = "feed:binance:unlisted"
_INVALID_SYMBOL = -1121
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "bourse"}


class _Unlisted(Exception):
    """At least one of the symbols asked for is not traded there, so Binance refuses the whole question."""


class BinanceFeed:
    name = "binance"

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + "/api/v3/ticker/price"

    def fetch(self, symbols: Sequence[str]) -> dict[str, Decimal]:
        """See PriceFeed. One call for all symbols.

        Binance refuses the whole question if it doesn't list one of them. Then each is asked for by itself,
        once, and those that it doesn't list are left out for ten minutes.
        """
        unlisted = set(cache.get(_UNLISTED_KEY) or ())
        wanted = [symbol for symbol in symbols if symbol not in unlisted]
        if not wanted:
            return {}
        try:
            return self._ask(wanted)
        except _Unlisted:
            return self._ask_each(wanted, unlisted)

    def _ask_each(self, symbols: Sequence[str], unlisted: set[str]) -> dict[str, Decimal]:
        prices: dict[str, Decimal] = {}
        for symbol in symbols:
            try:
                prices |= self._ask([symbol])
            except _Unlisted:
                unlisted = unlisted | {symbol}
        cache.set(_UNLISTED_KEY, sorted(unlisted), UNLISTED_SECONDS)
        return prices

    def _ask(self, symbols: Sequence[str]) -> dict[str, Decimal]:
        names = {symbol.replace("-", ""): symbol for symbol in symbols}
        status, body = self._get({"symbols": json.dumps(sorted(names), separators=(",", ":"))})
        if status == 400 and _is_unlisted(_parse_json(body)):
            raise _Unlisted
        if status != 200:
            raise FeedFailed(f"HTTP status {status}")
        return _parse_prices(_parse_json(body), names)

    def _get(self, parameters: dict[str, str]) -> tuple[int, bytes]:
        try:
            with requests.get(
                self._url,
                params=parameters,
                headers=_HEADERS,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                stream=True,
            ) as response:
                return response.status_code, _read_body(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise FeedFailed(f"{type(error).__name__} on the way") from error


def _read_body(response: requests.Response) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise FeedFailed("a compressed answer that was not asked for")
    deadline = time.monotonic() + DEADLINE_SECONDS
    body = b""
    while piece := response.raw.read1(MAX_BODY_BYTES):
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise FeedFailed(f"an answer of more than {MAX_BODY_BYTES} bytes")
        if time.monotonic() > deadline:
            raise FeedFailed("an answer that does not end")
    return body


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _parse_json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise FeedFailed("an answer that is not JSON") from error


def _is_unlisted(answer: Any) -> bool:
    return isinstance(answer, dict) and answer.get("code") == _INVALID_SYMBOL


def _parse_prices(answer: Any, names: dict[str, str]) -> dict[str, Decimal]:
    if not isinstance(answer, list):
        raise FeedFailed("an answer that is not a list")
    prices: dict[str, Decimal] = {}
    for row in answer:
        if not isinstance(row, dict) or not isinstance(row.get("symbol"), str):
            raise FeedFailed("a row without a symbol")
        if row["symbol"] in names:
            prices[names[row["symbol"]]] = _parse_price(row.get("price"))
    missing = sorted(set(names.values()) - set(prices))
    if missing:
        raise FeedFailed(f"no price of {', '.join(missing)}")
    return prices


def _parse_price(text: object) -> Decimal:
    try:
        price = parse_decimal(text)
    except NotANumber as error:
        raise FeedFailed("a price that is not a plain decimal number") from error
    if price <= 0:
        raise FeedFailed("a price of zero")
    return price
