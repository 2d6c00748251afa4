"""The call auction: one price for everything that crosses."""

from collections.abc import Iterator
from typing import NamedTuple

from trading.matching.book import Book
from trading.matching.events import Event, Reduced, Uncrossed
from trading.matching.level import BookOrder, BookSide
from trading.matching.terms import (
    BUY,
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    LAST,
    SELL,
    Reason,
)
from trading.matching.walk import cancelled


class Range(NamedTuple):
    """Prices from `low` to `high`, in ticks, at which the same volume trades with the same imbalance."""

    low: int
    high: int
    volume: int
    imbalance: int


def uncrossing_price(book: Book) -> int | None:
    """Largest volume, then smallest imbalance, then nearest the last price, then lowest; None if nothing crosses.

    Without a last price, nearest the middle of what is equally good.
    """
    ranges = list(_ranges(book))
    if not ranges:
        return None
    best = max((each.volume, -each.imbalance) for each in ranges)
    equal = [each for each in ranges if (each.volume, -each.imbalance) == best]
    wanted = book.prices.get(LAST, (equal[0].low + equal[-1].high) // 2)
    nearest = (min(max(wanted, each.low), each.high) for each in equal)
    return min(nearest, key=lambda price: (abs(price - wanted), price))


def _ranges(book: Book) -> Iterator[Range]:
    """From the lowest ask to the highest bid: every limit price, and every gap between two of them."""
    low, high = book.sides[SELL].best(), book.sides[BUY].best()
    if low is None or high is None or high < low:
        return
    bids, asks = _lots_at(book.sides[BUY], low, high), _lots_at(book.sides[SELL], low, high)
    bought, sold = sum(bids.values()), 0
    prices = sorted(bids.keys() | asks.keys())
    for index, price in enumerate(prices):
        sold += asks.get(price, 0)
        yield Range(price, price, min(bought, sold), abs(bought - sold))
        bought -= bids.get(price, 0)
        if index + 1 < len(prices) and prices[index + 1] > price + 1:
            yield Range(price + 1, prices[index + 1] - 1, min(bought, sold), abs(bought - sold))


def _lots_at(side: BookSide, low: int, high: int) -> dict[int, int]:
    """All open lots, hidden ones too, by price."""
    prices = (price for price in side.levels if low <= price <= high)
    return {price: sum(order.open for order in side.levels[price]) for price in prices}


def uncross(book: Book) -> list[Event]:
    """The trades that leave nothing crossed, in order of price and time, all at one price."""
    price = uncrossing_price(book)
    return [] if price is None else _Uncrossing(book, price).run()


class _Uncrossing:
    """Best buy with best sell, until one side has nothing left at the price."""

    def __init__(self, book: Book, price: int) -> None:
        self.price = price
        self.events: list[Event] = []
        self._buys = _willing(book.sides[BUY], price)
        self._sells = _willing(book.sides[SELL], price)
        self._left: dict[int, int] = {}

    def run(self) -> list[Event]:
        buy, sell = next(self._buys, None), next(self._sells, None)
        while buy is not None and sell is not None:
            newer, older = (buy, sell) if buy.place > sell.place else (sell, buy)
            if buy.account_id == sell.account_id:
                self._prevent(newer, older)
            else:
                self._trade(newer, older)
            if not self._open(buy):
                buy = next(self._buys, None)
            if not self._open(sell):
                sell = next(self._sells, None)
        return self.events

    def _trade(self, taker: BookOrder, maker: BookOrder) -> None:
        quantity = min(self._open(taker), self._open(maker))
        self.events.append(
            Uncrossed(
                taker.order_id, taker.account_id, taker.side, maker.order_id, maker.account_id, self.price,
                quantity, taker.limit, maker.limit,
            )
        )  # fmt: skip
        self._take(taker, quantity)
        self._take(maker, quantity)

    def _prevent(self, newer: BookOrder, older: BookOrder) -> None:
        choice = newer.self_trade_prevention
        if choice in (CANCEL_OLDEST, CANCEL_BOTH):
            self._cancel(older)
        if choice in (CANCEL_NEWEST, CANCEL_BOTH):
            self._cancel(newer)
        if choice not in (CANCEL_OLDEST, CANCEL_NEWEST, CANCEL_BOTH):
            quantity = min(self._open(newer), self._open(older))
            self._decrement(older, quantity)
            self._decrement(newer, quantity)

    def _decrement(self, order: BookOrder, quantity: int) -> None:
        if quantity == self._open(order):
            self._cancel(order)
            return
        self.events.append(
            Reduced(
                order.order_id,
                order.account_id,
                order.side,
                order.price,
                quantity,
                Reason.SELF_TRADE,
                resting=True,
            )
        )
        self._take(order, quantity)

    def _cancel(self, order: BookOrder) -> None:
        self.events.append(cancelled(order, Reason.SELF_TRADE, self._open(order)))
        self._left[order.order_id] = 0

    def _open(self, order: BookOrder) -> int:
        return self._left.get(order.order_id, order.open)

    def _take(self, order: BookOrder, quantity: int) -> None:
        self._left[order.order_id] = self._open(order) - quantity


def _willing(side: BookSide, price: int) -> Iterator[BookOrder]:
    """Who trades at the price, in the order of price and time."""
    for order in side:
        if order.limit * side.sign > price * side.sign:
            return
        yield order
