"""Matching stopped in every market at once, and started again (docs/operations.md).

A suspended market is a halted one. What it goes back to stands in the log, in the reason of its halt: so the
memory is as durable as the halt itself, and whoever changes a market's state by name meanwhile ends it.
"""

from collections.abc import Callable
from typing import NamedTuple

from accounts.models import User
from common.errors import ErrorCode, Refused
from market.models import Market
from market.selectors import market_by_symbol, markets
from risk.models import Contract
from trading.matching_service.requests import StatusRequest
from trading.selectors.market_states import newest_state_reason
from trading.services.history import note
from trading.services.submit import submit

SUSPENDED = "SUSPENDED_"  # and, in capitals, the state that the market goes back to
RESUMED = "MATCHING_RESUMED"
MOST_ATTEMPTS = 5

Status = Market.Status


class AllMarkets(NamedTuple):
    """Symbols. done: changed now. left: as they were, for this was not about them. failed: to be tried again."""

    done: list[str]
    left: list[str]
    failed: list[str]


def suspend_matching(by: User, reason: str = "") -> AllMarkets:
    """Halt every market that is not halted: nothing trades, orders stay and can be cancelled. Safe to repeat.

    One market that cannot be reached does not keep the others from it. The history tells who and why.
    """
    return _each(_suspend, by, _worded("Matching suspended", reason))


def resume_matching(by: User, reason: str = "") -> AllMarkets:
    """Bring the markets that `suspend_matching` halted back to where they were. Safe to repeat.

    What was open reopens through a call auction, as after any halt (decision 0010). What was halted before, or
    set to another state by name since, is left.
    """
    return _each(_resume, by, _worded("Matching resumed", reason))


def is_suspended(market: Market) -> bool:
    """Whether `resume_matching` would open it."""
    return market.status == Status.HALTED and newest_state_reason(market.pk).startswith(SUSPENDED)


def _each(change: Callable[[str], bool], by: User, message: str) -> AllMarkets:
    outcome = AllMarkets([], [], [])
    for market in markets():
        try:
            changed = change(market.symbol)
        except Refused:
            outcome.failed.append(market.symbol)
            continue
        (outcome.done if changed else outcome.left).append(market.symbol)
        if changed:
            note(by, market, message)
    return outcome


def _suspend(symbol: str) -> bool:
    for _ in range(MOST_ATTEMPTS):
        market = market_by_symbol(symbol)
        if market.status == Status.HALTED:
            return False
        reason = SUSPENDED + _goes_back_to(market).upper()
        if _submitted(symbol, StatusRequest(Status.HALTED, reason, only_from=(market.status,))):
            return True
    raise Refused(ErrorCode.UNAVAILABLE)


def _goes_back_to(market: Market) -> str:
    """An auction with an end leads to an open market; a contract held for want of an index likewise, and the next
    price holds it again if there still is none."""
    if market.status == Status.AUCTION and market.auction_ends_at is not None:
        return Status.OPEN
    if market.status == Status.CANCEL_ONLY:
        held = Contract.objects.filter(market=market).values_list("reopens_to", flat=True).first()
        return held or market.status
    return market.status


def _resume(symbol: str) -> bool:
    market = market_by_symbol(symbol)
    reason = newest_state_reason(market.pk) if market.status == Status.HALTED else ""
    if not reason.startswith(SUSPENDED):
        return False
    status = reason.removeprefix(SUSPENDED).lower()
    seconds = market.auction_seconds if status == Status.OPEN else None
    return _submitted(symbol, StatusRequest(status, RESUMED, seconds, only_after=reason))


def _submitted(symbol: str, request: StatusRequest) -> bool:
    """False if the market is in another state meanwhile."""
    [outcome] = submit(symbol, [request])
    if not isinstance(outcome, Refused):
        return True
    if outcome.code is ErrorCode.CONFLICT:
        return False
    raise outcome


def _worded(what: str, reason: str) -> str:
    return f"{what}: {reason}" if reason else what
