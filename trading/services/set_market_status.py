"""Opening and halting a market, and the states between."""

from django.contrib.admin.models import CHANGE, LogEntry

from accounts.models import User
from common.errors import Refused
from market.models import Market
from market.selectors import market_by_symbol
from risk.models import Contract
from trading.matching.terms import OPEN
from trading.matching_service.requests import StatusRequest
from trading.services.submit import submit

BY_STAFF = "SET_BY_STAFF"


def set_market_status(
    symbol: str, status: str, by: User | None = None, reason: str = "", auction_seconds: int | None = None
) -> Market:
    """Another state of the market (trading/market_states.py), in the log and under the symbol's lock.

    auction_seconds: how long orders are collected before a halted market opens, if not as the market's own
    rules say. With `by`, the market's history in the admin tells who did it, when and, if given, why.
    Raises Refused UNKNOWN_SYMBOL, UNAVAILABLE.
    """
    market = market_by_symbol(symbol)
    # Whatever the index does later: what was asked for by name stays.
    Contract.objects.filter(market=market).update(reopens_to="")
    if status == OPEN and auction_seconds is None:
        auction_seconds = market.auction_seconds
    [outcome] = submit(symbol, [StatusRequest(status, BY_STAFF, auction_seconds)])
    if isinstance(outcome, Refused):
        raise outcome
    if by is not None:
        rows = Market.objects.filter(pk=market.pk)
        message = f"Status: {status}: {reason}" if reason else f"Status: {status}"
        LogEntry.objects.log_actions(by.pk, rows, CHANGE, message, single_object=True)
    return market_by_symbol(symbol)
