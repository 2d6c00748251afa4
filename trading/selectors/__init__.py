"""What can be read about the exchange."""

from trading.selectors.book import book_snapshot, call_auction
from trading.selectors.holdings import holdings
from trading.selectors.orders import (
    OrderReference,
    fills,
    fills_of_taker,
    linked_orders,
    open_orders,
    order_of,
    orders,
    symbols_with_open_orders,
)

__all__ = [
    "OrderReference",
    "book_snapshot",
    "call_auction",
    "fills",
    "fills_of_taker",
    "holdings",
    "linked_orders",
    "open_orders",
    "order_of",
    "orders",
    "symbols_with_open_orders",
]
