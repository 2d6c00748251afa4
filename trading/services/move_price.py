"""Staff move a simulated price, and everything that goes by it."""

from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry

from accounts.models import User
from common import clock
from common.errors import ErrorCode, Refused
from common.money import format_decimal, is_multiple
from market.feeds.simulation import legs_of
from market.models import Market, Price
from market.selectors import market_by_symbol, price_of
from market.services import set_price
from trading.services.mark_prices import mark_prices

SIMULATED_FOR = timedelta(hours=1)  # where prices come from outside otherwise
HIGHEST = Decimal(10**12)  # far above any market, and a position at that price still fits its column


def move_price(symbol: str, price: Decimal, by: User | None = None, reason: str = "") -> Price:
    """Set the price of a spot market, from which the simulation walks on, and mark the perpetuals on it at once.

    Where prices come from outside otherwise (PRICE_FEED=auto), those of this market are not asked for an hour.
    With `by`, the market's history in the admin tells who did it, when and, if given, why.
    Raises Refused UNKNOWN_SYMBOL, PRICE_NOT_SIMULATED, INVALID_PRICE.
    """
    market = market_by_symbol(symbol)
    refusal = why_not_moved(market)
    if refusal:
        raise Refused(ErrorCode.PRICE_NOT_SIMULATED, refusal)
    if not 0 < price <= HIGHEST or not is_multiple(price, market.tick):
        raise Refused(ErrorCode.INVALID_PRICE, tick=format_decimal(market.tick))
    until = None if feeds_are_simulated() else clock.now() + SIMULATED_FOR
    moved = set_price(symbol, price, Price.Source.SIMULATION, simulated_until=until)
    if by is not None:
        text = f"Price set to {format_decimal(price)}"
        message = f"{text}: {reason}" if reason else text
        rows = Market.objects.filter(pk=market.pk)
        LogEntry.objects.log_actions(by.pk, rows, CHANGE, message, single_object=True)
    mark_prices()
    return moved


def feeds_are_simulated() -> bool:
    """Nobody outside is asked at all."""
    return bool(settings.PRICE_FEED == "simulation")


def why_not_moved(market: Market) -> str:
    """Why the market's price cannot be set by hand, in a sentence; empty if it can be."""
    if not feeds_are_simulated() and not (settings.DEMO and settings.PRICE_FEED == "auto"):
        return "Prices come from outside here: only a demo, or an exchange with PRICE_FEED=simulation, sets them."
    if market.kind == Market.Kind.PERPETUAL:
        return f"The price of {market} follows {market.contract.underlying}: set that one."
    quotes = dict(Market.objects.filter(kind=market.kind).values_list("symbol", "quote_id"))
    legs = legs_of(market.symbol, market.base_id, market.quote_id, quotes)
    if legs:
        return f"The price of {market} follows from {' and '.join(legs)}: set one of those."
    price = price_of(market.symbol)
    if price is not None and price.leased_until is not None and price.leased_until > clock.now():
        return f"A replay has {market} now."
    return ""
