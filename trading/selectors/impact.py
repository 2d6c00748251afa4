"""What a perpetual's book says beside its index: best prices, and the prices of a trade of some size."""

from decimal import Decimal
from typing import NamedTuple

from risk.funding import impact_price
from trading.committed_book import CommittedBook
from trading.matching.terms import BUY, SELL
from trading.selectors.book import book_view


class BookPrices(NamedTuple):
    """impact_bid, impact_ask: the average price of selling, of buying, what the contract's impact notional buys."""

    bid: Decimal | None
    ask: Decimal | None
    impact_bid: Decimal | None
    impact_ask: Decimal | None

    @property
    def middle(self) -> Decimal | None:
        return None if self.bid is None or self.ask is None else (self.bid + self.ask) / 2


def book_prices(symbol: str, notional: Decimal) -> BookPrices:
    """As of the newest commit. Raises Refused UNKNOWN_SYMBOL."""

    def look(book: CommittedBook) -> BookPrices:
        top = book.top()
        impact = (impact_price(book.levels(side), notional) for side in (BUY, SELL))
        return BookPrices(top.bid, top.ask, *impact)

    return book_view(symbol, ("impact", notional), look)
