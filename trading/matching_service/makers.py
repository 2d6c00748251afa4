"""Makers of a perpetual whom a fill would ruin.

An order in the book was covered when it was placed, but the mark price moves on. Who then trades with it at the old
price could take from its owner more than the owner has, and the insurance fund would pay: two accounts of one
person could so empty it. Such an order is cancelled instead of filled.
"""

from collections import defaultdict
from collections.abc import Iterable

from trading.matching.terms import BUY
from trading.matching_service.funds import Funds
from trading.matching_service.perpetual import Perpetual
from trading.perpetual_settlement import PerpetualFill


def overreaching(money: Perpetual, locked: Funds, fills: Iterable[PerpetualFill]) -> set[int]:
    """Orders of makers who are below their maintenance margin after these fills, and whose fills cost them something
    at the mark price or opened more."""
    by_maker: dict[int, list[PerpetualFill]] = defaultdict(list)
    for fill in fills:
        by_maker[fill.event.maker_account_id].append(fill)
    found: set[int] = set()
    for account_id, own in by_maker.items():
        if _is_ruined(money, locked, account_id) and (_opens(money, account_id) or _costs(money, own)):
            found |= {fill.event.maker_order_id for fill in own}
    return found


def _is_ruined(money: Perpetual, locked: Funds, account_id: int) -> bool:
    cash = locked.cash(money.terms.quote, account_id)
    health, _ = money.health(money.position(account_id), money.locked_others.get(account_id, ()), cash)
    return cash < 0 or health.must_liquidate


def _opens(money: Perpetual, account_id: int) -> bool:
    known = money.warm.positions.get(account_id)
    before, after = known.size if known is not None else 0, money.position(account_id).size
    return abs(after) > abs(before) or before * after < 0


def _costs(money: Perpetual, fills: Iterable[PerpetualFill]) -> bool:
    """Whether they were worse than the mark price altogether."""
    mark = money.contract.mark
    assert mark is not None
    lost = 0
    for fill in fills:
        better = mark - fill.event.price
        lost += fill.event.quantity * (better if fill.event.taker_side == BUY else -better)
    return lost > 0
