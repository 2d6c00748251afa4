"""Is there an order in which everything was done one by one that explains every answer? The event log must be it.

Reads only the rows of the log and adds up; shares nothing with the matching core.
"""

from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

from market.models import Market
from trading.models import Order, OrderEvent


class State(NamedTuple):
    """An order after the event of that number; quantities in lots, price in ticks."""

    sequence: int
    kind: str
    quantity: int
    filled: int
    cancelled: int
    price: int
    reason: str = ""

    @property
    def open(self):
        return self.quantity - self.filled - self.cancelled


class Log:
    def __init__(self, symbol):
        self.market = Market.objects.get(symbol=symbol)
        self.lives = defaultdict(list)  # order id: its states, oldest first
        self.taken = defaultdict(dict)  # order id: trade id: lots, of the trades in which it was the taker
        for event in OrderEvent.objects.filter(market=self.market).order_by("sequence"):
            self._record(event)

    def _record(self, event):
        if event.kind == "A":
            first = State(event.sequence, "A", event.quantity, 0, 0, event.price)
            self.lives[event.order_id].append(first)
        elif event.kind in "TU":
            self.taken[event.order_id][event.trade_id] = event.quantity
            for order_id in (event.order_id, event.maker_order_id):
                self._next(order_id, event, filled=event.quantity)
        elif event.kind == "M":
            self._next(event.order_id, event, price=event.price, quantity=event.quantity)
        elif event.kind == "R" and event.reason == "AMENDED":
            self._next(event.order_id, event, less=event.quantity)
        elif event.kind in "CR":
            self._next(event.order_id, event, cancelled=event.quantity)

    def _next(self, order_id, event, filled=0, cancelled=0, less=0, quantity=None, price=None):
        last = self.lives[order_id][-1]
        self.lives[order_id].append(
            State(
                event.sequence,
                event.kind,
                last.quantity - less if quantity is None else quantity,
                last.filled + filled,
                last.cancelled + cancelled,
                last.price if price is None else price,
                event.reason,
            )
        )

    def lots(self, text):
        return int(Decimal(text) / self.market.lot)

    def ticks(self, text):
        return int(Decimal(text) / self.market.tick)

    def known(self, order):
        """An order as answered, in the terms of a State."""
        names = ("quantity", "filled_quantity", "cancelled_quantity")
        return (*(self.lots(order[name]) for name in names), self.ticks(order["price"]))


def unexplained(symbol, attempts):
    """Answers and rows that the log does not explain, in words; empty if all is well."""
    log = Log(symbol)
    found = [f"{row} ends otherwise in the log" for row in Order.objects.all() if not _is_explained(log, row)]
    explain = {"place": _placed, "cancel": _cancelled, "amend": _amended}
    for attempt in attempts:
        if not explain[attempt["what"]](log, attempt):
            found.append(f"{attempt}: {log.lives[_order_id(attempt)]}")
    return found + _cancels(log, attempts)


def _is_explained(log, row):
    """Its row is the last state, and filled + open + cancelled = quantity."""
    if row.market_id != log.market.pk:
        return True
    end = log.lives[row.id][-1]
    shown = (row.quantity, row.filled_quantity, row.cancelled_quantity)
    is_open = row.status in Order.OPEN_STATUSES
    return tuple(map(log.lots, shown)) == end[2:5] and is_open == (end.open > 0) and end.open >= 0


def _order_id(attempt):
    return attempt["order"]["id"] if "order" in attempt else attempt["asked"].get("order")


def _placed(log, attempt):
    if "refused" in attempt:
        return True
    life = log.lives[attempt["order"]["id"]]
    came_in_time = attempt["replayed"] or _within(attempt, life[0])
    taken = {int(trade_id): log.lots(text) for trade_id, text in attempt["fills"].items()}
    return came_in_time and log.taken[attempt["order"]["id"]] == taken and _was_so(log, attempt, life[0])


def _cancelled(log, attempt):
    """What was still open, to the last lot, was cancelled; or there was nothing left to cancel."""
    life = log.lives[_order_id(attempt)]
    end = life[-1]
    if "refused" in attempt:
        return attempt["refused"] == "ORDER_NOT_OPEN" and end.open == 0 and end.sequence <= attempt["after"]
    is_mine = end.reason == "CANCELLED_BY_USER" and _within(attempt, end)
    whole = end.cancelled == life[-2].cancelled + life[-2].open
    return is_mine and whole and log.known(attempt["order"]) == end[2:6]


def _amended(log, attempt):
    life, asked = log.lives[_order_id(attempt)], attempt["asked"]
    lots = log.lots(asked["quantity"])
    if attempt.get("refused") == "ORDER_NOT_OPEN":
        return life[-1].open == 0 and life[-1].sequence <= attempt["after"]
    if attempt.get("refused") == "AMEND_INVALID":
        return any(state.filled + state.cancelled >= lots for state in _meanwhile(life, attempt))
    price = log.ticks(asked["price"]) if "price" in asked else None
    did = [
        state
        for state in _meanwhile(life, attempt)
        if state.quantity == lots and price in (None, state.price) and state.open > 0
    ]
    return "refused" not in attempt and bool(did) and _was_so(log, attempt, did[0])


def _meanwhile(life, attempt):
    """The states that the order was in between the attempt's beginning and its answer."""
    at_first = [state for state in life if state.sequence <= attempt["before"]][-1:]
    return at_first + [state for state in life if _within(attempt, state)]


def _within(attempt, state):
    return attempt["before"] < state.sequence <= attempt["after"]


def _was_so(log, attempt, since):
    """The order was as answered, at some moment from `since` to the answer."""
    life = log.lives[attempt["order"]["id"]]
    known = log.known(attempt["order"])
    return any(state[2:6] == known for state in life if since.sequence <= state.sequence <= attempt["after"])


def _cancels(log, attempts):
    """One cancel was granted for each cancellation by a user in the log, and none for any other order."""
    granted = sorted(_order_id(each) for each in attempts if each["what"] == "cancel" and "order" in each)
    logged = sorted(
        order_id for order_id, life in log.lives.items() if life[-1].reason == "CANCELLED_BY_USER"
    )
    return [] if granted == logged else [f"cancels of {granted} were granted, the log has {logged}"]
