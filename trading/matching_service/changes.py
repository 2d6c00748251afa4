"""What a batch does to orders: gathered event by event, written once at the end."""

from trading.matching.book import Book
from trading.matching.commands import Place
from trading.matching.events import Accepted, Amended, Cancelled, Event, Reduced, Traded
from trading.matching.terms import Reason


class OrderChange:
    """The sum of what happened to one order, in lots and ticks. `place` is set for an order of this batch."""

    __slots__ = (
        "cancelled", "client_order_id", "cost", "ended", "filled", "place", "price", "priority", "quantity", "reason",
    )  # fmt: skip

    def __init__(self, place: Place | None = None, client_order_id: str = "") -> None:
        self.place = place
        self.client_order_id = client_order_id
        self.filled = 0
        self.cost = 0
        self.cancelled = 0
        self.quantity: int | None = place.quantity if place else None
        self.price: int | None = place.price if place else None
        self.priority: int | None = None
        self.ended = False
        self.reason = ""

    def copy(self) -> "OrderChange":
        twin = OrderChange(self.place, self.client_order_id)
        for name in ("filled", "cost", "cancelled", "quantity", "price", "priority", "ended", "reason"):
            setattr(twin, name, getattr(self, name))
        return twin

    def total(self) -> int:
        """The quantity of a new order; a buy by cost is as large as what it bought."""
        assert self.place is not None
        return self.filled if self.place.budget is not None else self.quantity or 0

    def status(self) -> str:
        """Of a new order."""
        if self.ended:
            return "cancelled" if self.reason else "filled"
        return "partially_filled" if self.filled else "open"


class Changes:
    """Order id -> OrderChange. `record` must see each event before the book does."""

    def __init__(self) -> None:
        self.orders: dict[int, OrderChange] = {}

    def place(self, place: Place, client_order_id: str) -> None:
        self.orders[place.order_id] = OrderChange(place, client_order_id)

    def record(self, event: Event, book: Book, sequence: int) -> None:
        """`sequence` is the number that the event gets."""
        if type(event) is Traded:
            self._record_trade(event, book)
        elif type(event) is Accepted:
            change = self._of(event.order_id)
            change.priority = sequence
            change.ended = not event.resting
        elif type(event) is Amended:
            change = self._of(event.order_id)
            change.price, change.quantity, change.priority = event.price, event.quantity, sequence
            change.ended = not event.resting
        else:
            assert isinstance(event, Cancelled | Reduced)
            self._record_shrinking(event, book)

    def _record_trade(self, event: Traded, book: Book) -> None:
        cost = event.price * event.quantity
        for order_id in (event.taker_order_id, event.maker_order_id):
            change = self._of(order_id)
            change.filled += event.quantity
            change.cost += cost
        maker = book.orders[event.maker_order_id]
        if maker.open == event.quantity:
            self._of(event.maker_order_id).ended = True

    def _record_shrinking(self, event: Cancelled | Reduced, book: Book) -> None:
        change = self._of(event.order_id)
        if type(event) is Reduced and event.reason == Reason.AMEND:
            change.quantity = book.orders[event.order_id].quantity - event.quantity
            return
        change.cancelled += event.quantity
        if type(event) is Cancelled:
            change.ended = True
            change.reason = event.reason.value

    def _of(self, order_id: int) -> OrderChange:
        change = self.orders.get(order_id)
        if change is None:
            change = self.orders[order_id] = OrderChange()
        return change
