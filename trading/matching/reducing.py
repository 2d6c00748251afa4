"""Reduce-only orders: they never open a position or turn one round."""

from trading.matching.book import Book
from trading.matching.commands import Shrink
from trading.matching.level import BookOrder
from trading.matching.terms import BUY, Conditions


def is_reducing(conditions: Conditions | None) -> bool:
    return conditions is not None and conditions.reduce_only


def reducible(book: Book, account_id: int, side: str, moved: int = 0) -> int:
    """How many lots an order of this side could close. moved: what has happened to the position meanwhile."""
    size = (book.positions or {}).get(account_id, 0) + moved
    return max(0, -size if side == BUY else size)


def resting_reducing(book: Book, account_id: int, side: str) -> list[BookOrder]:
    """The account's reduce-only orders in the book on one side, oldest first."""
    if account_id not in book.reducing:
        return []
    own = book.by_account[account_id].values()
    found = [order for order in own if order.rests and order.side == side and is_reducing(order.conditions)]
    return sorted(found, key=lambda order: order.order_id)


def left_to_reduce(book: Book, order: BookOrder) -> int:
    """How many lots one of these orders may be for, beside the others in the book."""
    others = resting_reducing(book, order.account_id, order.side)
    taken = sum(other.open for other in others if other.order_id != order.order_id)
    return max(0, reducible(book, order.account_id, order.side) - taken)


def excess(book: Book, account_id: int) -> Shrink | None:
    """What must shrink first because the position is smaller now than what is to close it: the newest order."""
    for side in book.sides:
        orders = resting_reducing(book, account_id, side)
        surplus = sum(order.open for order in orders) - reducible(book, account_id, side)
        if orders and surplus > 0:
            return Shrink(orders[-1].order_id, surplus)
    return None
