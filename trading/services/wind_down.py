"""The orderly end of trading: cancels only, then every live order ends, then every market is halted.

How far it has come stands in the rows themselves (each market's state and the reason for it in the log), so it
goes on from there after a crash, and repeating it changes nothing. Positions and loans stay (decision 0027).
"""

from collections.abc import Iterator
from datetime import datetime

from accounts.models import User
from common.errors import ErrorCode, Refused
from market.models import Market
from market.selectors import markets
from risk.models import Contract
from trading.matching.terms import Reason
from trading.matching_service.requests import CancelAllRequest, Done, StatusRequest
from trading.models import BookState
from trading.selectors.live_orders import live_orders
from trading.selectors.market_states import newest_state_reason
from trading.services.history import note
from trading.services.submit import submit

BEGUN, ENDED = "WIND_DOWN", "WOUND_DOWN"
# So many orders end in one transaction, or those of one account if it has more: others wait that long for the lock.
ORDERS_AT_ONCE = 2000
MOST_PASSES = 5

Status = Market.Status


def begin_wind_down(by: User, reason: str = "") -> datetime | None:
    """From now on every market takes cancels only. Since when all of them do; None if all are halted for good.

    Safe to repeat: the answer stays what it was the first time. Raises Refused UNAVAILABLE.
    """
    begun = [market for market in markets() if not _is_over(market)]
    for market in begun:
        # Whatever the index does later: it does not open the market.
        Contract.objects.filter(market=market).update(reopens_to="")
        if market.status != Status.CANCEL_ONLY:
            _set(market, Status.CANCEL_ONLY, BEGUN)
            note(by, market, _worded("Trading is wound down: cancels only", reason))
    changed = BookState.objects.filter(market__in=begun, opened_at__isnull=False)
    return changed.order_by("-opened_at").values_list("opened_at", flat=True).first()


def end_wind_down(by: User, reason: str = "") -> int:
    """End every live order, account by account, and halt every market; how many orders.

    Orders end as expired with the reason WIND_DOWN, and what they held is free again. Safe to repeat. Raises
    Refused UNAVAILABLE, and CONFLICT if somebody keeps opening markets meanwhile.
    """
    cancelled = 0
    for _ in range(MOST_PASSES):
        cancelled += _cancel_live_orders()
        _halt_all(by, reason)
        if not live_orders():
            return cancelled
    raise Refused(ErrorCode.CONFLICT, "Orders keep coming in: somebody opens the markets again.")


def _is_over(market: Market) -> bool:
    return market.status == Status.HALTED and newest_state_reason(market.pk) == ENDED


def _halt_all(by: User, reason: str) -> None:
    for market in markets():
        if not _is_over(market):
            if (
                market.status == Status.HALTED
            ):  # by somebody else, meanwhile: so that the log says it is for good
                _set(market, Status.CANCEL_ONLY, BEGUN)
            _set(market, Status.HALTED, ENDED)
            note(by, market, _worded("Trading is wound down: halted", reason))


def _set(market: Market, status: str, reason: str) -> None:
    [outcome] = submit(market.symbol, [StatusRequest(status, reason)])
    if isinstance(outcome, Refused):
        raise outcome


def _cancel_live_orders() -> int:
    cancelled = 0
    for symbol, accounts in live_orders().items():
        for group in _groups(accounts):
            outcomes = submit(symbol, [CancelAllRequest(account, Reason.WIND_DOWN) for account in group])
            cancelled += sum(len(outcome.order_ids) for outcome in outcomes if isinstance(outcome, Done))
    return cancelled


def _groups(accounts: dict[int, int]) -> Iterator[list[int]]:
    """Accounts (id, number of orders) in groups of not too many orders."""
    group: list[int] = []
    orders = 0
    for account_id, count in accounts.items():
        if group and orders + count > ORDERS_AT_ONCE:
            yield group
            group, orders = [], 0
        group.append(account_id)
        orders += count
    if group:
        yield group


def _worded(what: str, reason: str) -> str:
    return f"{what}: {reason}" if reason else what
