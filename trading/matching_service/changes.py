"""What a batch does to orders: gathered event by event, written once at the end."""

from collections.abc import Sequence

from trading.matching.book import Book
from trading.matching.commands import Place
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
from trading.matching.lifecycle import RESTING, Status, Step, after, ending
from trading.matching.terms import ENTRY, OCO, Reason


class OrderChange:
    """The sum of what happened to one order, in lots and ticks. `place` is set for an order of this batch."""

    __slots__ = (
        "cancelled", "client_order_id", "cost", "filled", "place", "price", "priority", "quantity", "reason",
        "status", "trigger_price",
    )  # fmt: skip

    def __init__(
        self, place: Place | None = None, client_order_id: str = "", status: Status | None = None
    ) -> None:
        self.place = place
        self.client_order_id = client_order_id
        self.filled = 0
        self.cost = 0
        self.cancelled = 0
        self.quantity: int | None = place.quantity if place else None
        self.price: int | None = place.price if place else None
        self.priority: int | None = None
        self.status = status
        self.reason = ""
        self.trigger_price: int | None = None  # asked for anew

    def copy(self) -> "OrderChange":
        twin = OrderChange(self.place, self.client_order_id, self.status)
        for name in ("filled", "cost", "cancelled", "quantity", "price", "priority", "reason"):
            setattr(twin, name, getattr(self, name))
        return twin

    def total(self) -> int:
        """The quantity of a new order; a buy by cost is as large as what it bought."""
        assert self.place is not None
        return self.filled if self.place.budget is not None else self.quantity or 0

    def take(self, step: Step) -> None:
        self.status = after(self.status, step)


class Changes:
    """Order id -> OrderChange. `record` must see each event before the book does, `finish` each command's end."""

    def __init__(self) -> None:
        self.orders: dict[int, OrderChange] = {}
        self.with_conditions: list[Accepted] = []
        self._incoming: list[OrderChange] = []

    def place_all(self, places: Sequence[Place], client_order_ids: Sequence[str]) -> None:
        for place, client_order_id in zip(places, client_order_ids, strict=True):
            self.orders[place.order_id] = OrderChange(place, client_order_id)

    def record(self, event: Event, book: Book, sequence: int) -> str:
        """`sequence` is the number that the event gets. The client order id that belongs into the log with it."""
        if type(event) is Traded:
            self._record_trade(event, book)
        elif type(event) is Accepted:
            return self._record_arrival(event, sequence)
        elif type(event) is Cancelled or type(event) is Reduced:
            self._record_shrinking(event, book)
        else:
            self._record_rarer(event, book, sequence)
        return ""

    def finish(self) -> None:
        """The command's events are all told: an incoming order that neither rests nor was cancelled was filled."""
        for change in self._incoming:
            if change.status in RESTING:
                change.take(Step.FILL)
        self._incoming.clear()

    def _record_arrival(self, event: Accepted, sequence: int) -> str:
        change = self.orders[event.order_id]
        change.priority = sequence
        step = Step.ACCEPT
        if event.conditions is not None:
            self.with_conditions.append(event)
            link = event.conditions.link
            if link is not None and link.role not in (ENTRY, OCO):
                step = Step.WAIT_FOR_ENTRY
            elif event.conditions.trigger is not None:
                step = Step.ARM
        change.take(step)
        self._comes_in(change, event.resting if step is Step.ACCEPT else 1)
        return change.client_order_id

    def _comes_in(self, change: OrderChange, resting: int) -> None:
        if not resting:
            self._incoming.append(change)

    def _record_trade(self, event: Traded, book: Book) -> None:
        cost = event.price * event.quantity
        taker = self._of(event.taker_order_id, book)
        maker = self._of(event.maker_order_id, book)
        for change in (taker, maker):
            change.filled += event.quantity
            change.cost += cost
        taker.take(Step.FILL_PART)
        is_whole = book.orders[event.maker_order_id].open == event.quantity
        maker.take(Step.FILL if is_whole else Step.FILL_PART)

    def _record_shrinking(self, event: Cancelled | Reduced, book: Book) -> None:
        change = self._of(event.order_id, book)
        if type(event) is Reduced and event.reason == Reason.AMEND:
            change.quantity = book.orders[event.order_id].quantity - event.quantity
            return
        change.cancelled += event.quantity
        if type(event) is Cancelled:
            change.take(ending(event.reason))
            change.reason = event.reason.value

    def _record_rarer(self, event: Event, book: Book, sequence: int) -> None:
        if isinstance(event, WithoutOrder):
            return
        if type(event) is Uncrossed:
            self._record_uncrossing(event, book)
            return
        assert isinstance(event, Amended | Refreshed | Rearmed | Triggered | Activated)
        change = self._of(event.order_id, book)
        change.priority = sequence
        if isinstance(event, Amended | Rearmed):
            change.price, change.quantity = event.price, event.quantity
        if type(event) is Rearmed:
            change.trigger_price = event.trigger_price
        if type(event) is Activated:
            change.quantity = event.quantity
        if isinstance(event, Triggered | Activated):
            waits = type(event) is Activated and event.trigger_price is not None
            change.take(Step.ARM if waits else Step.ENTER)
            self._comes_in(change, 1 if waits else event.resting)
        elif type(event) is Amended:
            self._comes_in(change, event.resting)

    def _record_uncrossing(self, event: Uncrossed, book: Book) -> None:
        for order_id in (event.taker_order_id, event.maker_order_id):
            change = self._of(order_id, book)
            change.filled += event.quantity
            change.cost += event.price * event.quantity
            is_whole = book.orders[order_id].open == event.quantity
            change.take(Step.FILL if is_whole else Step.FILL_PART)

    def _of(self, order_id: int, book: Book) -> OrderChange:
        change = self.orders.get(order_id)
        if change is None:
            change = self.orders[order_id] = OrderChange(status=book.orders[order_id].status)
        return change
