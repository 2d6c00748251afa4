"""The line of those whose positions are closed when nobody else takes the other side."""

from collections.abc import Iterator

from risk.deleveraging import score
from trading.matching.book import Book
from trading.matching_service.perpetual import Perpetual


def first_in_line(money: Perpetual, book: Book, side: int) -> Iterator[tuple[int, int]]:
    """Accounts and sizes on one side (1 long, -1 short; only the sign counts), first in line first."""
    mark, step = money.contract.mark, money.contract.terms.step
    assert mark is not None and book.positions is not None
    sizes = [(account_id, size) for account_id, size in book.positions.items() if (size > 0) == (side > 0)]
    ranked = sorted(sizes, key=lambda each: (-score(money.position(each[0]), mark, step), each[0]))
    return iter(ranked)
