"""Opening and halting a market, and the states between."""

from accounts.models import User
from common.errors import Refused
from market.models import Market
from market.selectors import market_by_symbol
from risk.models import Contract
from trading.matching.terms import CANCEL_ONLY, HALTED, OPEN
from trading.matching_service.requests import StatusRequest
from trading.services.history import note
from trading.services.submit import submit
from trading.services.suspend_matching import is_suspended

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
    requests = [StatusRequest(status, BY_STAFF, auction_seconds)]
    if status == HALTED and is_suspended(market):
        # The same state for a reason of its own: it outlasts the suspension. Nothing happens in between.
        requests.insert(0, StatusRequest(CANCEL_ONLY, BY_STAFF))
    outcome = submit(symbol, requests)[-1]
    if isinstance(outcome, Refused):
        raise outcome
    if by is not None:
        note(by, market, f"Status: {status}: {reason}" if reason else f"Status: {status}")
    return market_by_symbol(symbol)
