"""A market's committed book with its owners, as the agents follow it through the order-event log.

Whatever happened to an agent's orders, by its own hand, by others' trades, by the staff or while the database
was away, is in the log: so an agent never has to keep count of its orders.
"""

from collections.abc import Collection, Iterator

from trading.committed_book import CommittedBook
from trading.matching.book import Book
from trading.matching.level import BookOrder


class FollowedBook(CommittedBook):
    """Call `advance` first, and again to see what has been committed since. Prices in ticks, quantities in lots."""

    def orders_of(self, account_id: int) -> list[BookOrder]:
        """The account's open orders."""
        return list(self._book().by_account.get(account_id, {}).values())

    def order(self, order_id: int) -> BookOrder:
        """A live order."""
        return self._book().orders[order_id]

    def is_live(self, order_id: int) -> bool:
        return order_id in self._book().orders

    def live_ids(self) -> Collection[int]:
        return self._book().orders.keys()

    def orders_at(self, side: str, price: int, account_id: int) -> list[BookOrder]:
        """The account's open orders at a price, oldest first."""
        level = self._sides()[side].levels.get(price)
        return [order for order in level or () if order.account_id == account_id]

    def prices(self, side: str) -> Iterator[int]:
        """The prices of a side, best first."""
        own = self._sides()[side]
        return (key * own.sign for key in own.keys)

    def best(self, side: str) -> int | None:
        return self._sides()[side].best()

    def best_of_others(self, side: str, account_ids: frozenset[int]) -> int | None:
        """The best price at which somebody else has an order."""
        levels = self._sides()[side].levels
        for price in self.prices(side):
            if any(order.account_id not in account_ids for order in levels[price]):
                return price
        return None

    def _book(self) -> Book:
        assert self._warm is not None, "advance first"
        return self._warm.book
