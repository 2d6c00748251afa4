"""Positions in memory beside a warm book: as the rows have them, brought up with the book."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from common.pipelined import Pipeline
from risk import contract_rows
from risk.contract_rows import ContractRow
from risk.position import Position
from risk.requirement import OpenOrders
from trading.matching.book import Book
from trading.matching.events import Deleveraged, Event, Traded, Uncrossed
from trading.matching.reducing import is_reducing
from trading.matching.terms import BUY


@dataclass(slots=True)
class WarmPositions:
    """By account: positions, those of size 0 too, and the sums of live orders that may open something."""

    positions: dict[int, Position] = field(default_factory=dict)
    orders: dict[int, OpenOrders] = field(default_factory=dict)


def load(connection: Any, book: Book, contract: ContractRow) -> WarmPositions:
    """From the rows, and from the orders in the book; the book learns the sizes."""
    pipeline = Pipeline(connection)
    found = contract_rows.read_all_positions(pipeline, contract.market_id)
    pipeline.run()
    warm = WarmPositions({row[0]: contract_rows.position_of(row, contract) for row in found.rows})
    book.positions = {account: position.size for account, position in warm.positions.items() if position.size}
    for account_id in book.by_account:
        warm.orders[account_id] = orders_of(book, account_id, contract)
    return warm


def refresh(
    connection: Any, warm: WarmPositions, book: Book, contract: ContractRow, news: Sequence[Event]
) -> None:
    """After the book has walked what others wrote: the same accounts anew."""
    touched = {account for event in news for account in accounts_of(event)}
    if not touched:
        return
    pipeline = Pipeline(connection)
    found = contract_rows.read_again(pipeline, contract.market_id, sorted(touched))
    pipeline.run()
    for row in found.rows:
        warm.positions[row[0]] = contract_rows.position_of(row, contract)
    for account_id in touched:
        warm.orders[account_id] = orders_of(book, account_id, contract)


def orders_of(book: Book, account_id: int, contract: ContractRow) -> OpenOrders:
    sums = OpenOrders()
    for order in book.by_account.get(account_id, {}).values():
        if not order.rests or is_reducing(order.conditions):
            continue
        notional = order.limit * order.open * contract.terms.step
        if order.side == BUY:
            sums.buy_lots += order.open
            sums.buy_notional += notional
        else:
            sums.sell_lots += order.open
            sums.sell_notional += notional
    return sums


def accounts_of(event: Event) -> Iterable[int]:
    """Whose position or orders an event may have changed."""
    if isinstance(event, Traded | Uncrossed):
        return event.taker_account_id, event.maker_account_id
    if isinstance(event, Deleveraged):
        return event.account_id, event.counter_account_id
    account_id = getattr(event, "account_id", None)
    return () if account_id is None else (account_id,)


class Layered(dict[int, Any]):
    """What the batch has touched, before what was there."""

    def __init__(self, touched: Mapping[int, Any], known: Mapping[int, Any]) -> None:
        super().__init__()
        self._touched, self._known = touched, known

    def get(self, key: int, default: Any = None) -> Any:
        found = self._touched.get(key)
        return self._known.get(key, default) if found is None else found
