"""What is traded, and at what price from outside."""

import re

from common.errors import ErrorCode, Refused
from market.models import Asset, IndexSource, Market, Price

# What a symbol can look like. Decided before the database is asked: PostgreSQL cannot even be sent a NUL.
_SYMBOL = re.compile(r"[A-Z0-9]{1,12}(?:-[A-Z0-9]{1,11})?", re.ASCII)


def markets() -> list[Market]:
    """All markets with their assets, by symbol."""
    return list(Market.objects.select_related("base", "quote").order_by("symbol"))


def assets() -> list[Asset]:
    """All assets, by code."""
    return list(Asset.objects.order_by("code"))


def market_by_symbol(symbol: str) -> Market:
    """The market with its assets. Raises Refused(UNKNOWN_SYMBOL), also for what could not be a symbol."""
    if isinstance(symbol, str) and _SYMBOL.fullmatch(symbol):
        market = Market.objects.select_related("base", "quote").filter(symbol=symbol).first()
        if market is not None:
            return market
    raise Refused(ErrorCode.UNKNOWN_SYMBOL)


def price_of(symbol: str) -> Price | None:
    """The newest price from outside, with its market; None if there has been none.

    Raises Refused(UNKNOWN_SYMBOL).
    """
    market = market_by_symbol(symbol)
    return Price.objects.select_related("market").filter(market=market).first()


def sources_of(symbol: str) -> list[IndexSource]:
    """What each source said of the market's price, the freshest first. Raises Refused(UNKNOWN_SYMBOL)."""
    rows = IndexSource.objects.filter(market=market_by_symbol(symbol))
    return list(rows.order_by("-updated_at", "source"))


def prices() -> list[Price]:
    """All prices from outside, by symbol."""
    return list(Price.objects.select_related("market").order_by("market__symbol"))
