"""Looking after accounts whose margin runs out: after every move of a mark price, and now and then anyway."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.core.cache import cache

from common import clock
from common.errors import Refused
from trading.matching_service.requests import LiquidateRequest, Looked
from trading.selectors.watched import Due, due_for_a_look, markets_with_orders, markets_with_positions
from trading.services.submit import submit

logger = logging.getLogger(__name__)

AT_ONCE = 50  # accounts in one transaction: so long do the orders of others wait
MOST_ROUNDS = 20  # of looks at the same account in one sweep
LAST_SWEEP = "sweep_liquidations:ended_ms"  # in the cache, for whoever watches that sweeps happen


@dataclass(slots=True)
class Sweep:
    """looked_at: accounts; found: how often each state was found at last; unfinished: accounts to come back to."""

    looked_at: int = 0
    found: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unfinished: int = 0


def sweep_liquidations() -> Sweep:
    """Look at every account whose watch price has been reached, and at those whose liquidation goes on.

    Safe to run twice at once and to stop anywhere: each look is a transaction of its own that goes by how the
    account stands at that moment.
    """
    sweep, seen = Sweep(), set[tuple[int, str]]()
    due = due_for_a_look()
    _cancel_elsewhere(due)
    for _ in range(MOST_ROUNDS):
        if not due:
            break
        accounts = {each[:2] for each in due}
        sweep.looked_at += len(accounts - seen)
        seen |= accounts
        due = _look(due, sweep)
    sweep.unfinished += len(due)
    cache.set(LAST_SWEEP, clock.to_ms(clock.now()), None)
    return sweep


def _look(due: Iterable[Due], sweep: Sweep) -> list[Due]:
    """One look at each; who needs another."""
    again: list[Due] = []
    cancels: list[Due] = []
    with_profits: list[Due] = []
    for each, outcome in _submit(due, cancel_only=False):
        if not isinstance(outcome, Looked):
            again.append(each)
            continue
        if outcome.profits_elsewhere:
            with_profits.append(each)
            continue
        if outcome.orders_elsewhere:
            cancels.append(each)
        if outcome.goes_on and not (outcome.has_acted or outcome.orders_elsewhere):
            sweep.unfinished += 1  # nobody trades with it now: the next sweep comes back
        elif outcome.goes_on:
            again.append(each)
        else:
            sweep.found[outcome.found] += 1
    _cancel_elsewhere(cancels)
    return again + _take_profits(with_profits)


def _take_profits(due: list[Due]) -> list[Due]:
    """Close what profits in other contracts; where nobody trades there, it is the last resort here."""
    if not due:
        return []
    here = {each[:2] for each in due}
    others = [
        each for each in markets_with_positions({each.account_id for each in due}) if each[:2] not in here
    ]
    acted = {
        each.account_id
        for each, outcome in _submit(others, cancel_only=False)
        if isinstance(outcome, Looked) and outcome.has_acted
    }
    return [each._replace(last_resort=each.account_id not in acted) for each in due]


def _cancel_elsewhere(due: Iterable[Due]) -> None:
    """Orders in markets where the account is not looked at; each market judges for itself that it must be."""
    here = {(each.account_id, each.symbol) for each in due}
    accounts = {account_id for account_id, _ in here}
    if accounts:
        others = [each for each in markets_with_orders(accounts) if each[:2] not in here]
        list(_submit(others, cancel_only=True))


def _submit(due: Iterable[Due], cancel_only: bool) -> Iterable[tuple[Due, object]]:
    by_symbol: dict[str, list[Due]] = defaultdict(list)
    for each in due:
        by_symbol[each.symbol].append(each)
    for symbol, together in sorted(by_symbol.items()):
        for start in range(0, len(together), AT_ONCE):
            part = together[start : start + AT_ONCE]
            yield from zip(part, _outcomes(symbol, part, cancel_only), strict=True)


def _outcomes(symbol: str, due: list[Due], cancel_only: bool) -> list[object]:
    """A market that cannot be reached now must not hold up the others; the next sweep comes back."""
    requests = [LiquidateRequest(each.account_id, cancel_only, each.last_resort) for each in due]
    try:
        return list(submit(symbol, requests))
    except Refused as refused:
        logger.warning("%s: %d accounts could not be looked at (%s)", symbol, len(due), refused)
    except Exception:
        logger.exception("%s: %d accounts could not be looked at", symbol, len(due))
    return [None] * len(due)
