"""The book, the orders and the trades of a market, rebuilt from its event log and from nothing else."""

from trading.history.reading import BrokenLog, Logged
from trading.history.rebuilt_order import RebuiltOrder
from trading.history.state import Digest, StateHash, TradeState
from trading.matching.book import Book
from trading.matching.events import (
    Accepted,
    Activated,
    Amended,
    Cancelled,
    Event,
    Rearmed,
    Reduced,
    Refreshed,
    Traded,
    Triggered,
    Uncrossed,
    WithoutOrder,
)

# With these a command begins: whatever came in before has come to its end.
_BEGINNINGS = Accepted | Amended | Rearmed | Triggered | Activated | WithoutOrder


class RebuiltMarket:
    """Memory holds the live orders; what has ended is in the digests."""

    def __init__(self) -> None:
        self.book = Book()
        self.orders = Digest()
        self.trades = Digest()
        self._live: dict[int, RebuiltOrder] = {}
        self._by_cost: int | None = None  # a buy by cost that may be spending still

    @property
    def live_count(self) -> int:
        return len(self.book.orders)

    def apply(self, logged: Logged) -> None:
        """The next event. Raises BrokenLog if it does not fit what came before."""
        if logged.sequence != self.book.sequence + 1:
            raise BrokenLog(f"after event {self.book.sequence} comes {logged.sequence}")
        try:
            self.book.replay(logged.event)
            self._tell(logged)
        except (AssertionError, KeyError) as error:
            raise BrokenLog(f"event {logged.sequence} does not fit ({error!r})") from error

    def state(self) -> StateHash:
        """As of the newest event."""
        orders = self.orders.copy()
        for order in self._live.values():
            orders.add(order.state())
        return StateHash(
            self.book.sequence, self.book.state_hash(), orders.hex(), self.trades.hex(), orders.count, self.trades.count
        )  # fmt: skip

    def _tell(self, logged: Logged) -> None:
        event = logged.event
        if self._by_cost is not None and isinstance(event, _BEGINNINGS):
            self._forget(self._by_cost)
        if isinstance(event, Accepted):
            self._live[event.order_id] = RebuiltOrder(event, logged)
            self._by_cost = event.order_id if event.budget is not None else self._by_cost
        elif isinstance(event, Traded | Uncrossed):
            self._trade(event, logged)
        elif not isinstance(event, WithoutOrder):
            self._change(event, logged)

    def _trade(self, event: Traded | Uncrossed, logged: Logged) -> None:
        cost = event.price * event.quantity
        self.trades.add(
            TradeState(
                logged.trade_id, logged.sequence, event.price, event.quantity, cost, event.taker_side,
                event.taker_order_id, event.maker_order_id, event.taker_account_id, event.maker_account_id, logged.time,
            )
        )  # fmt: skip
        for order_id in (event.taker_order_id, event.maker_order_id):
            order = self._live[order_id]
            order.fill(event.quantity, cost, logged)
            self._forget_if_ended(order)

    def _change(self, event: Event, logged: Logged) -> None:
        assert isinstance(event, Cancelled | Reduced | Refreshed | Amended | Rearmed | Triggered | Activated)
        order = self._live[event.order_id]
        order.change(event, logged)
        self._forget_if_ended(order)

    def _forget_if_ended(self, order: RebuiltOrder) -> None:
        if order.has_ended:
            self._forget(order.order_id)

    def _forget(self, order_id: int) -> None:
        """Into the digest: nothing can happen to it any more."""
        self.orders.add(self._live.pop(order_id).state())
        if order_id == self._by_cost:
            self._by_cost = None
