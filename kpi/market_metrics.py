"""The books, as of the newest commit when Prometheus asks: best prices, spread and depth of each market."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily

from common.errors import Refused
from common.measure import measure
from market.models import Market
from market.selectors import markets
from trading.committed_book import CommittedBook
from trading.matching.terms import BUY, SELL
from trading.selectors.book import book_view

NEAR = Decimal("0.01")  # what lies further from the middle, as a share of it, is not depth
SIDES = (BUY, SELL)


class Side(NamedTuple):
    """The best price, and what lies near the middle in base and in quote; without the other side all that there is
    a middle for: nothing."""

    price: Decimal
    base: Decimal
    quote: Decimal


class MarketMetrics:
    """A collector of Prometheus'. Reads each book only as far as it counts, and only if it has moved."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        rows = markets()
        looks = {market.symbol: _look(market.symbol) for market in rows}
        sides = [(symbol, side, found) for symbol, look in looks.items() for side, found in look.items()]
        for name, text, field in (
            ("price", "The best bid and ask, in quote.", "price"),
            ("depth_base", "What is shown within 1 % of the price between bid and ask, in base.", "base"),
            ("depth_quote", "What is shown within 1 % of the price between bid and ask, in quote.", "quote"),
        ):
            gauge = GaugeMetricFamily(f"bourse_book_{name}", text, labels=["symbol", "side"])
            for symbol, side, found in sides:
                gauge.add_metric([symbol, side], measure(getattr(found, field)))
            yield gauge
        yield _spreads(looks)
        yield _states(rows)


def _look(symbol: str) -> dict[str, Side]:
    try:
        return book_view(symbol, "depth near the middle", _sides)
    except Refused:  # a market that has not been opened for trading
        return {}


def _sides(book: CommittedBook) -> dict[str, Side]:
    top = book.top()
    best = {side: price for side, price in ((BUY, top.bid), (SELL, top.ask)) if price is not None}
    if len(best) < len(SIDES):
        return {side: Side(price, Decimal(0), Decimal(0)) for side, price in best.items()}
    middle = (best[BUY] + best[SELL]) / 2
    return {side: _near(book, side, price, middle) for side, price in best.items()}


def _near(book: CommittedBook, side: str, best: Decimal, middle: Decimal) -> Side:
    base = quote = Decimal(0)
    for price, quantity in book.levels(side):
        if abs(price - middle) > middle * NEAR:
            break
        base += quantity
        quote += price * quantity
    return Side(best, base, quote)


def _spreads(looks: dict[str, dict[str, Side]]) -> GaugeMetricFamily:
    text = "Ask less bid, as a share of the price between them."
    gauge = GaugeMetricFamily("bourse_book_spread_ratio", text, labels=["symbol"])
    for symbol, look in looks.items():
        if len(look) == len(SIDES):
            bid, ask = look[BUY].price, look[SELL].price
            gauge.add_metric([symbol], measure((ask - bid) / ((ask + bid) / 2)))
    return gauge


def _states(rows: list[Market]) -> GaugeMetricFamily:
    text = "1 for the state that the market is in, 0 for the others."
    gauge = GaugeMetricFamily("bourse_market_open", text, labels=["symbol", "status"])
    for market in rows:
        for status in Market.Status.values:
            gauge.add_metric([market.symbol, status], int(market.status == status))
    return gauge
