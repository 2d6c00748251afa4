"""The one question a price feed answers."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol


class FeedFailed(Exception):
    """The feed has no usable answer now; the text says why."""


class PriceFeed(Protocol):
    """Prices from outside the exchange's own books."""

    @property
    def name(self) -> str:
        """One of market.models.Price.Source."""

    def fetch(self, symbols: Sequence[str]) -> dict[str, Decimal]:
        """The price now, in quote, of each symbol that the feed carries; all of them are positive.

        A symbol it does not carry is missing from the answer. Raises FeedFailed: all or nothing, so that
        no one ever acts on half an answer.
        """
