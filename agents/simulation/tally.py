"""What came of the orders: counted, and every trade in one hash."""

import hashlib
from collections import Counter
from decimal import Decimal

from agents.desk import Sent
from common.errors import Refused
from common.money import format_decimal
from trading.matching_service.requests import FillRow
from trading.models import Trade
from trading.services import PlacedOrder, PlaceRequest


class Tally:
    def __init__(self) -> None:
        self.orders = 0
        self.refused: Counter[str] = Counter()
        self.cancelled = 0
        self.trades = 0
        self.volume = Decimal(0)
        self.cost = Decimal(0)
        self.fees: dict[str, Decimal] = {"buyers": Decimal(0), "sellers": Decimal(0)}
        self.prices: list[Decimal] = []
        self._hash = hashlib.sha256()

    def add(self, sent: Sent) -> int:
        """How many new orders there were."""
        orders = 0
        for request, outcome in sent:
            is_order = isinstance(request, PlaceRequest)
            orders += is_order
            if isinstance(outcome, Refused):
                self.refused[outcome.code.name] += 1
            elif isinstance(outcome, PlacedOrder):
                for fill in outcome.fills:
                    self._trade(fill)
            else:
                self.cancelled += 1
        self.orders += orders
        return orders

    def trades_hash(self) -> str:
        """SHA-256 of price, quantity and taker's side of every trade, in order."""
        return self._hash.hexdigest()

    def _trade(self, fill: FillRow | Trade) -> None:
        self.trades += 1
        self.volume += fill.quantity
        self.cost += fill.cost
        taker, maker = ("buyers", "sellers") if fill.taker_side == "buy" else ("sellers", "buyers")
        self.fees[taker] += fill.taker_fee
        self.fees[maker] += fill.maker_fee
        self.prices.append(fill.price)
        line = f"{format_decimal(fill.price)},{format_decimal(fill.quantity)},{fill.taker_side}\n"
        self._hash.update(line.encode())
