"""The one question a price feed answers."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Protocol


class FeedFailed(Exception):
    """The feed has no usable answer now; the text says why."""


class Quote(NamedTuple):
    """A positive price in quote, and when it was so if the feed says it; None: when it was asked for."""

    price: Decimal
    at: datetime | None = None


class PriceFeed(Protocol):
    """Prices from outside the exchange's own books."""

    @property
    def name(self) -> str:
        """One of market.models.Price.Source."""

    def fetch(self, symbols: Sequence[str]) -> dict[str, Quote]:
        """The price of each symbol that the feed carries.

        A symbol it does not carry is missing from the answer. Raises FeedFailed: all or nothing, so that
        no one ever acts on half an answer.
        """
