"""Whether a symbol is a perpetual: asked once, for it never changes."""

from functools import cache

from market.models import Market
from market.selectors import market_by_symbol


@cache
def is_perpetual(symbol: str) -> bool:
    """Raises Refused UNKNOWN_SYMBOL."""
    return market_by_symbol(symbol).kind == Market.Kind.PERPETUAL
