"""Asking an address on the web for a price. What comes from there is outside input: its size, its time and every
field are checked."""

import json
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

import requests
import urllib3

from common.money import NotANumber, parse_decimal
from market.feeds.price_feed import FeedFailed

TIMEOUT_SECONDS = (1.0, 1.5)  # to connect, and between two reads
DEADLINE_SECONDS = 3.0  # for the whole body, against an answer that drips
MAX_BODY_BYTES = 65_536
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "bourse"}


def get(url: str, parameters: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    """HTTP status and body. Raises FeedFailed if there is none within the bounds."""
    try:
        with requests.get(
            url,
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


def parse_json(body: bytes) -> Any:
    """Raises FeedFailed."""
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise FeedFailed("an answer that is not JSON") from error


def parse_price(text: object) -> Decimal:
    """A positive price. Raises FeedFailed."""
    try:
        price = parse_decimal(text)
    except NotANumber as error:
        raise FeedFailed("a price that is not a plain decimal number") from error
    if price <= 0:
        raise FeedFailed("a price of zero")
    return price
