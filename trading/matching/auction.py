"""The call auction: one price for everything that crosses."""

from collections.abc import Iterator, Mapping
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


class Indication(NamedTuple):
    """What an auction would come to now: price in ticks, lots traded, and lots that stay wanted (or offered)."""

    price: int
    volume: int
    wanted: int
    offered: int


Left = Mapping[int, int]  # open lots of the orders that have not as many as the book says


def uncrossing_price(book: Book) -> int | None:
    """Largest volume, then smallest imbalance, then nearest the last price, then lowest; None if nothing crosses.

    Without a last price, nearest the middle of what is equally good.
    """
    return _best_price(book, {}, book.prices.get(LAST))


def indication(book: Book) -> Indication | None:
    """As if nobody met themself; None if nothing crosses."""
    price = uncrossing_price(book)
    if price is None:
        return None
    bids, asks = _crossing_lots(book, {})
    bought = sum(lots for limit, lots in bids.items() if limit >= price)
    sold = sum(lots for limit, lots in asks.items() if limit <= price)
    volume = min(bought, sold)
    return Indication(price, volume, bought - volume, sold - volume)


def _best_price(book: Book, left: Left, last: int | None) -> int | None:
    ranges = list(_ranges(book, left))
    if not ranges:
        return None
    best = max((each.volume, -each.imbalance) for each in ranges)
    equal = [each for each in ranges if (each.volume, -each.imbalance) == best]
    wanted = (equal[0].low + equal[-1].high) // 2 if last is None else last
    nearest = (min(max(wanted, each.low), each.high) for each in equal)
    return min(nearest, key=lambda price: (abs(price - wanted), price))


def _ranges(book: Book, left: Left) -> Iterator[Range]:
    """From the lowest ask to the highest bid: every limit price, and every gap between two of them."""
    bids, asks = _crossing_lots(book, left)
    bought, sold = sum(bids.values()), 0
    prices = sorted(bids.keys() | asks.keys())
    for index, price in enumerate(prices):
        sold += asks.get(price, 0)
        yield Range(price, price, min(bought, sold), abs(bought - sold))
        bought -= bids.get(price, 0)
        if index + 1 < len(prices) and prices[index + 1] > price + 1:
            yield Range(price + 1, prices[index + 1] - 1, min(bought, sold), abs(bought - sold))


def _crossing_lots(book: Book, left: Left) -> tuple[dict[int, int], dict[int, int]]:
    """All open lots, hidden ones too, of bids and of asks, by price, from the lowest ask to the highest bid."""
    low, high = book.sides[SELL].best(), book.sides[BUY].best()
    if low is None or high is None:
        return {}, {}
    bids, asks = _lots(book.sides[BUY], low, high, left), _lots(book.sides[SELL], low, high, left)
    if not bids or not asks:
        return {}, {}
    low, high = min(asks), max(bids)
    return _between(bids, low, high), _between(asks, low, high)


def _lots(side: BookSide, low: int, high: int, left: Left) -> dict[int, int]:
    prices = (price for price in side.levels if low <= price <= high)
    lots = {
        price: sum(left.get(order.order_id, order.open) for order in side.levels[price]) for price in prices
    }
    return {price: open for price, open in lots.items() if open}


def _between(lots: dict[int, int], low: int, high: int) -> dict[int, int]:
    return {price: open for price, open in lots.items() if low <= price <= high}


def uncross(book: Book) -> list[Event]:
    """The trades that leave nothing crossed, all at one price, in order of price and time.

    Where prevented self-trades leave less on one side than the price was made for, what still crosses trades at a
    price of its own.
    """
    uncrossing = _Uncrossing(book)
    while (price := _best_price(book, uncrossing.left, uncrossing.last)) is not None:
        uncrossing.run(price)
    return uncrossing.events


class _Uncrossing:
    """Best buy with best sell, until one side has nothing left at the price."""

    def __init__(self, book: Book) -> None:
        self.events: list[Event] = []
        self.left: dict[int, int] = {}
        self.last = book.prices.get(LAST)
        self._book = book
        self._price = 0

    def run(self, price: int) -> None:
        self._price = price
        buys, sells = self._willing(BUY), self._willing(SELL)
        buy, sell = next(buys, None), next(sells, None)
        while buy is not None and sell is not None:
            newer, older = (buy, sell) if buy.place > sell.place else (sell, buy)
            if buy.account_id == sell.account_id:
                self._prevent(newer, older)
            else:
                self._trade(newer, older)
            if not self._open(buy):
                buy = next(buys, None)
            if not self._open(sell):
                sell = next(sells, None)

    def _willing(self, side: str) -> Iterator[BookOrder]:
        """Who trades at the price, in the order of price and time."""
        orders = self._book.sides[side]
        for order in orders:
            if order.limit * orders.sign > self._price * orders.sign:
                return
            if self._open(order):
                yield order

    def _trade(self, taker: BookOrder, maker: BookOrder) -> None:
        quantity = min(self._open(taker), self._open(maker))
        self.events.append(
            Uncrossed(
                taker.order_id, taker.account_id, taker.side, maker.order_id, maker.account_id, self._price,
                quantity, taker.limit, maker.limit,
            )
        )  # fmt: skip
        self._take(taker, quantity)
        self._take(maker, quantity)
        self.last = self._price

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
        self.left[order.order_id] = 0

    def _open(self, order: BookOrder) -> int:
        return self.left.get(order.order_id, order.open)

    def _take(self, order: BookOrder, quantity: int) -> None:
        self.left[order.order_id] = self._open(order) - quantity
