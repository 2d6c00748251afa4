"""One market's committed events as messages for sockets."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from common.clock import to_ms
from common.money import format_decimal
from trading.committed_book import BookSnapshot, CommittedBook
from trading.matching.events import (
    Accepted,
    Activated,
    Amended,
    Cancelled,
    Event,
    Reduced,
    Refreshed,
    Traded,
    Triggered,
    Uncrossed,
)
from trading.matching.terms import BUY, OPPOSITE, SELL
from trading.matching_service.warm import LoggedEvent
from trading.models import Trade
from trading.presentation import levels_json

BOOK = "book"
TRADES = "trades"
CHANNELS = (BOOK, TRADES)
RECENT_TRADES = 50

Messages = dict[str, str]
Place = tuple[str, int]  # side, price in ticks


class MarketStream:
    """Reads the log and writes messages. Blocking: it runs on a thread, one call at a time."""

    def __init__(self, symbol: str) -> None:
        """Raises Refused UNKNOWN_SYMBOL."""
        self.book = CommittedBook(symbol)
        self.book.advance()
        self._traded_to = self.book.sequence  # up to here the messages of TRADES are complete
        self._snapshots: dict[str, str] = {}  # as of this sequence, made when first asked for
        self._starts_again = False  # until snapshots of a book that was loaded afresh have been made

    def advance(self) -> Messages:
        """The messages that lead from the last look to the newest commit, by channel; empty if nothing was."""
        before = self.book.sequence
        news = self.book.advance()
        if news is None or self._starts_again:
            return self._start_again()
        if not news:
            return {}
        self._snapshots.clear()
        messages = {BOOK: _text(self._book_update(before + 1, news))}
        trades = [
            _logged_trade(self.book, logged)
            for logged in news
            if isinstance(logged.event, Traded | Uncrossed)
        ]
        if trades:
            first, self._traded_to = self._traded_to + 1, self.book.sequence
            reach = {"first_sequence": first, "last_sequence": self.book.sequence}
            messages[TRADES] = _text(_trades_message(self.book.symbol, "update", reach, trades))
        return messages

    def snapshot(self, channel: str) -> str:
        """Where the channel stands, at the sequence that its updates follow on."""
        if channel not in self._snapshots:
            self._snapshots[channel] = _text(self._snapshot(channel))
        return self._snapshots[channel]

    def _start_again(self) -> Messages:
        """The book was loaded afresh. If the database is lost meanwhile, the next look starts again too."""
        self._starts_again = True
        self._snapshots.clear()
        self._traded_to = self.book.sequence
        snapshots = {channel: self.snapshot(channel) for channel in CHANNELS}
        self._starts_again = False
        return snapshots

    def _snapshot(self, channel: str) -> dict[str, Any]:
        if channel == BOOK:
            return _book_message(self.book.snapshot())
        reach = {"sequence": self._traded_to}
        return _trades_message(self.book.symbol, "snapshot", reach, self._recent_trades())

    def _book_update(self, first: int, news: list[LoggedEvent]) -> dict[str, Any]:
        touched = {place for logged in news for place in _places(logged.event)}
        return {
            "channel": BOOK,
            "type": "update",
            "symbol": self.book.symbol,
            "first_sequence": first,
            "last_sequence": self.book.sequence,
            "bids": self._changed(BUY, touched),
            "asks": self._changed(SELL, touched),
        }

    def _changed(self, side: str, touched: set[Place]) -> list[list[str]]:
        """The side's touched levels as they are now, zero if gone; highest price first."""
        prices = sorted((price for own_side, price in touched if own_side == side), reverse=True)
        book = self.book
        return [[format_decimal(book.price(p)), format_decimal(book.quantity_at(side, p))] for p in prices]

    def _recent_trades(self) -> list[dict[str, Any]]:
        rows = Trade.objects.filter(market__symbol=self.book.symbol, sequence__lte=self.book.sequence)
        return [
            _trade(row.id, row.price, row.quantity, row.taker_side, row.created_at)
            for row in rows.order_by("-sequence")[:RECENT_TRADES]
        ]


def _places(event: Event) -> list[Place]:
    """The levels that an event touches."""
    if isinstance(event, Traded):
        return [(OPPOSITE[event.taker_side], event.price)]
    if isinstance(event, Amended):
        return [(event.side, event.old_price), (event.side, event.price)]
    if isinstance(event, Uncrossed):
        return [(event.taker_side, event.taker_price), (OPPOSITE[event.taker_side], event.maker_price)]
    if isinstance(event, Refreshed):
        return [(event.side, event.price)]
    if not isinstance(event, Accepted | Cancelled | Reduced | Triggered | Activated):
        return []
    return [(event.side, event.price)] if event.resting and event.price is not None else []


def _book_message(book: BookSnapshot) -> dict[str, Any]:
    return {
        "channel": BOOK,
        "type": "snapshot",
        "symbol": book.symbol,
        "sequence": book.sequence,
        "bids": levels_json(book.bids),
        "asks": levels_json(book.asks),
    }


def _trades_message(
    symbol: str, kind: str, reach: dict[str, int], trades: list[dict[str, Any]]
) -> dict[str, Any]:
    return {"channel": TRADES, "type": kind, "symbol": symbol, **reach, "trades": trades}


def _logged_trade(book: CommittedBook, logged: LoggedEvent) -> dict[str, Any]:
    event, trade_id = logged.event, logged.trade_id
    assert isinstance(event, Traded | Uncrossed) and trade_id is not None
    return _trade(
        trade_id, book.price(event.price), book.lots(event.quantity), event.taker_side, logged.created_at
    )


def _trade(trade_id: int, price: Decimal, quantity: Decimal, side: str, at: datetime) -> dict[str, Any]:
    return {
        "id": trade_id,
        "price": format_decimal(price),
        "quantity": format_decimal(quantity),
        "side": side,
        "time": to_ms(at),
    }


def _text(message: dict[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":"))
