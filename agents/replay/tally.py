"""What a replay did, counted as it goes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from agents.replay.recording import RecordedTrade
from common.errors import Refused
from trading.matching_service.requests import FillRow, Outcome, Request
from trading.models import Trade
from trading.services import AmendRequest, CancelRequest, PlaceRequest

Fill = FillRow | Trade


@dataclass(slots=True)
class Compared:
    """How often our best prices were the recorded ones."""

    looks: int = 0
    bids: int = 0
    asks: int = 0

    def add(self, bid_is_equal: bool, ask_is_equal: bool) -> None:
        self.looks += 1
        self.bids += bid_is_equal
        self.asks += ask_is_equal


@dataclass(slots=True)
class Tally:
    """Quantities are in base, costs in quote. `exact`: taker orders filled at just the recorded prices."""

    messages: Counter[str] = field(default_factory=Counter)
    batches: int = 0
    placed: int = 0
    changed: int = 0
    cancelled: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    taker_orders: int = 0
    exact: int = 0
    trades: int = 0
    volume: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    recorded_trades: int = 0
    recorded_lots: int = 0
    recorded_steps: int = 0
    lacking_levels: int = 0
    with_depth: Compared = field(default_factory=Compared)
    with_ticker: Compared = field(default_factory=Compared)

    @property
    def requests(self) -> int:
        return self.placed + self.changed + self.cancelled

    def sent(self, requests: Sequence[Request], outcomes: Sequence[Outcome]) -> None:
        self.batches += 1
        for request, outcome in zip(requests, outcomes, strict=True):
            self.placed += isinstance(request, PlaceRequest)
            self.changed += isinstance(request, AmendRequest)
            self.cancelled += isinstance(request, CancelRequest)
            if isinstance(outcome, Refused):
                self.refused[outcome.code.name] += 1

    def took(self, recorded: Sequence[RecordedTrade], fills: Sequence[Fill], is_exact: bool) -> None:
        """A taker order: the trades that it stands for, and what it was filled with."""
        self.taker_orders += 1
        self.exact += is_exact
        self.recorded_trades += len(recorded)
        self.recorded_lots += sum(trade.quantity for trade in recorded)
        self.recorded_steps += sum(trade.quantity * trade.price for trade in recorded)
        self.trades += len(fills)
        self.volume += sum((fill.quantity for fill in fills), Decimal(0))
        self.cost += sum((fill.cost for fill in fills), Decimal(0))
