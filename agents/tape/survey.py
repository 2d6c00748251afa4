"""A look through the whole tape before anything is touched: is it sound, who trades, and what will it take?"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from agents.tape.actions import (
    Action,
    Amend,
    Cancel,
    Fill,
    PriceSet,
    Reduce,
    Submit,
    SubmitLinked,
    rows_of,
)
from trading.matching.terms import BUY, MARKET, RESTING_LIVES

MOST_COMPLAINTS_SHOWN = 20
ABOVE_THE_HIGHEST = 2  # times the highest price on the tape: what an order without a price may cost at most


@dataclass(slots=True)
class Need:
    """What an account could come to pay. unpriced: base to be bought at prices that only the market will tell."""

    base: Decimal = Decimal(0)
    quote: Decimal = Decimal(0)
    unpriced: Decimal = Decimal(0)


@dataclass(slots=True)
class Resting:
    """An order that may be live at this point of the tape."""

    owner: str
    side: str
    left: Decimal


@dataclass(slots=True)
class Survey:
    """needs: by owner, which is the account on the tape or, on a tape without accounts, the order's side."""

    rows: int = 0
    orders: int = 0
    fills: int = 0
    first_time: int = 0
    last_time: int = 0
    first_price: Decimal | None = None
    highest_price: Decimal = Decimal(0)
    has_accounts: bool = False
    sets_prices: bool = False
    most_live: int = 0
    needs: dict[str, Need] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    complaint_count: int = 0
    live: dict[str, Resting] = field(default_factory=dict)

    def complain(self, line: int, what: str) -> None:
        self.complaint_count += 1
        if len(self.complaints) < MOST_COMPLAINTS_SHOWN:
            self.complaints.append(f"line {line}: {what}")

    def look_at(self, actions: Iterable[Action]) -> None:
        for action in actions:
            self.rows += rows_of(action)
            self.first_time = self.first_time or action.time
            self.last_time = action.time
            if isinstance(action, Submit | SubmitLinked):
                for order in action.orders if isinstance(action, SubmitLinked) else (action,):
                    self._submit(order)
            else:
                self._other(action)
        self.live.clear()

    def owner_of(self, order: Submit) -> str:
        return order.account or order.new.side

    def quote_needed(self, need: Need) -> Decimal:
        return need.quote + need.unpriced * self.highest_price * ABOVE_THE_HIGHEST

    def _submit(self, order: Submit) -> None:
        new = order.new
        self.orders += 1
        if order.order_id in self.live:
            self.complain(order.line, f"order_id {order.order_id} is that of a live order already")
        self.has_accounts = self.has_accounts or bool(order.account)
        self._see(new.price)
        self._see(new.trigger_price)
        owner = self.owner_of(order)
        self._add(owner, new.side, new.quantity or Decimal(0), new.price, new.quote_quantity)
        if new.type != MARKET and new.time_in_force in RESTING_LIVES:
            self.live[order.order_id] = Resting(owner, new.side, new.quantity or Decimal(0))
            self.most_live = max(self.most_live, len(self.live))

    def _other(self, action: Action) -> None:
        if isinstance(action, Fill):
            self.fills += 1
            self._see(action.price)
            self._lessen(action.taker, action.quantity)
            self._lessen(action.maker, action.quantity)
        elif isinstance(action, Cancel):
            self.live.pop(action.order_id, None)
        elif isinstance(action, Reduce):
            self._lessen(action.order_id, action.quantity)
        elif isinstance(action, Amend):
            self._amend(action)
        elif isinstance(action, PriceSet):
            self.sets_prices = True
            self._see(action.price)

    def _amend(self, action: Amend) -> None:
        """As if it were a new order of its own."""
        self._see(action.price)
        self._see(action.trigger_price)
        order = self.live.get(action.order_id)
        if order is not None:
            self._add(order.owner, order.side, action.quantity or order.left, action.price)
            order.left = max(order.left, action.quantity or order.left)

    def _add(
        self, owner: str, side: str, quantity: Decimal, price: Decimal | None, cost: Decimal | None = None
    ) -> None:
        need = self.needs.setdefault(owner, Need())
        if side != BUY:
            need.base += quantity
        elif cost is not None:
            need.quote += cost
        elif price is not None:
            need.quote += quantity * price
        else:
            need.unpriced += quantity

    def _lessen(self, order_id: str, quantity: Decimal) -> None:
        order = self.live.get(order_id)
        if order is not None:
            order.left -= quantity
            if order.left <= 0:
                del self.live[order_id]

    def _see(self, price: Decimal | None) -> None:
        if price is not None:
            self.first_price = self.first_price or price
            self.highest_price = max(self.highest_price, price)
