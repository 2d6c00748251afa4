"""Makers of a perpetual whom a fill would ruin.

An order in the book was covered when it was placed, but the mark price moves on. Who then trades with it at the old
price could take from its owner more than the owner has, and the insurance fund would pay: two accounts of one
person could so empty it. Such an order is cancelled instead of filled.
"""

from collections import defaultdict
from collections.abc import Iterable

from trading.matching.book import Book
from trading.matching.events import Uncrossed
from trading.matching_service.funds import Funds
from trading.matching_service.open_loss import lost_at
from trading.matching_service.perpetual import Perpetual
from trading.perpetual_settlement import PerpetualFill


def overreaching(money: Perpetual, book: Book, locked: Funds, fills: Iterable[PerpetualFill]) -> set[int]:
    """Orders whose owners are below their maintenance margin after these fills, and whose fills cost them something at
    the mark price or opened more: all of them at once, for each attempt costs a whole batch. In an auction both
    sides lie in the book."""
    own: dict[int, list[tuple[int, PerpetualFill]]] = defaultdict(list)
    for fill in fills:
        own[fill.event.maker_account_id].append((fill.event.maker_order_id, fill))
        if isinstance(fill.event, Uncrossed):
            own[fill.event.taker_account_id].append((fill.event.taker_order_id, fill))
    mark = money.contract.mark
    found: set[int] = set()
    for account_id, orders in own.items():
        if not _is_ruined(money, locked, account_id):
            continue
        has_lost = mark is None or lost_at(mark, account_id, [fill for _, fill in orders]) > 0
        if has_lost or _opens(money, account_id):
            found |= {order_id for order_id, _ in orders}
            found |= {order.order_id for order in book.by_account.get(account_id, {}).values() if order.rests}
    return found


def _is_ruined(money: Perpetual, locked: Funds, account_id: int) -> bool:
    cash = locked.cash(money.terms.quote, account_id)
    health, _ = money.health(money.position(account_id), money.locked_others.get(account_id, ()), cash)
    return cash < 0 or health.must_liquidate


def _opens(money: Perpetual, account_id: int) -> bool:
    known = money.warm.positions.get(account_id)
    before, after = known.size if known is not None else 0, money.position(account_id).size
    return abs(after) > abs(before) or before * after < 0
