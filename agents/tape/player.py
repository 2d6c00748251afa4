"""Plays a tape through the exchange, in batches, in the tape's order."""

import heapq
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import count

from agents.followed_book import FollowedBook
from agents.replay.leased_price import LeasedPrice
from agents.replay.pace import Pace
from agents.tape.actions import (
    Action,
    Amend,
    Cancel,
    Consequence,
    Fill,
    PriceSet,
    Reduce,
    StatusSet,
    Submit,
    SubmitLinked,
    rows_of,
)
from agents.tape.desks import Desks
from agents.tape.known_orders import KnownOrders, OurOrder
from agents.tape.tally import Tally
from common import clock
from market.models import Market
from market.selectors import market_by_symbol
from trading.matching.events import Traded, Uncrossed
from trading.matching.terms import OPEN, TRAILING_STOP, Reason
from trading.matching_service.requests import LinkedRequest, Request, StatusRequest, SweepRequest
from trading.rules import NewOrder
from trading.services import AmendRequest, CancelRequest, PlaceRequest, submit

MOST_IN_A_BATCH = 100
NS_IN_MS = 1_000_000
# An order with an end is cancelled, as by its owner's timer, when the tape has come to that time: how fast that is
# nobody can tell it when it is placed. Its own end is later by this, so that a slow tape does not lose it early.
GRACE_MS = 3_600_000


class TapePlayer:
    def __init__(
        self,
        market: Market,
        desks: Desks,
        pace: Pace,
        price: LeasedPrice,
        stopping: threading.Event,
        sets_prices: bool,
        speed: Decimal | None,
    ) -> None:
        self.market, self.tally = market, Tally()
        self.book = FollowedBook(market.symbol)
        self._desks, self._pace, self._price, self._stopping = desks, pace, price, stopping
        self._sets_prices, self._speed = sets_prices, speed or Decimal(1)
        self._run = uuid.uuid4().hex[:8]
        self._known = KnownOrders()
        self._requests: list[Request] = []
        self._numbers = count()
        self._ends: list[tuple[int, int, str]] = []  # (expires_at, number, order id on the tape)
        self._players: dict[type, Callable[..., None]] = {
            Submit: self._submit, SubmitLinked: self._submit_linked, Cancel: self._cancel, Reduce: self._reduce,
            Amend: self._amend, StatusSet: self._set_status, PriceSet: self._set_price,
        }  # fmt: skip

    def play(self, actions: Iterable[Action], progress: Callable[[int], object]) -> None:
        """To the end, or until stopping. Raises what the database raises, and Refused UNAVAILABLE."""
        self.book.advance()
        for action in actions:
            if self._stopping.is_set():
                return
            self.tally.rows += rows_of(action)
            progress(rows_of(action))
            if isinstance(action, Fill):
                self.tally.trades.recorded(action.taker, action.maker, action.price, action.quantity)
            elif not isinstance(action, Consequence):
                self._come_to(action.time)
                self._players[type(action)](action)
                if len(self._requests) >= MOST_IN_A_BATCH:
                    self._flush()
        self._flush()

    # ---- when ----

    def _come_to(self, time: int) -> None:
        """Wait until the row is due, and cancel what has expired by then."""
        if not self._pace.is_due(time * NS_IN_MS):
            self._flush()
            self._pace.wait_for(time * NS_IN_MS, self._price.renew)
        while self._ends and self._ends[0][0] <= time:
            order = self._find(heapq.heappop(self._ends)[-1])
            if order is not None:
                self._requests.append(CancelRequest(order.account_id, order.id, Reason.CANCEL_AFTER))

    # ---- one method per kind of row ----

    def _submit(self, order: Submit) -> None:
        account_id = self._desks.account_of(order)
        self._known.will_be(len(self._requests), (order.order_id,), account_id)
        self._requests.append(PlaceRequest(account_id, self._ours(order)))

    def _submit_linked(self, linked: SubmitLinked) -> None:
        account_id = self._desks.account_of(linked.orders[0])
        self._known.will_be(len(self._requests), [order.order_id for order in linked.orders], account_id)
        orders = tuple(self._ours(order) for order in linked.orders)
        roles = tuple(order.role for order in linked.orders)
        self._requests.append(LinkedRequest(account_id, orders, roles))

    def _ours(self, order: Submit) -> NewOrder:
        """The order with a name that tells the tape's, and an end in our time."""
        name = f"{self._run}-{order.order_id}"
        if order.new.expires_at is None:
            return replace(order.new, client_order_id=name)
        heapq.heappush(self._ends, (order.new.expires_at, next(self._numbers), order.order_id))
        life = int((order.new.expires_at - order.time) / self._speed)
        return replace(order.new, client_order_id=name, expires_at=clock.to_ms(clock.now()) + life + GRACE_MS)

    def _cancel(self, action: Cancel) -> None:
        order = self._find_or_count(action.order_id)
        if order is not None:
            self._requests.append(CancelRequest(order.account_id, order.id, action.reason))

    def _amend(self, action: Amend) -> None:
        """A trailing order's trigger is a consequence: it moves by itself."""
        order = self._find_or_count(action.order_id)
        if order is not None:
            trigger_price = None if self.book.order(order.id).type == TRAILING_STOP else action.trigger_price
            self._requests.append(
                AmendRequest(order.account_id, order.id, action.price, action.quantity, trigger_price)
            )
            self._known.amended.add(order.id)

    def _reduce(self, action: Reduce) -> None:
        """The new total is what the order has less the reduction: it must be known as it stands now."""
        order = self._find_or_count(action.order_id)
        if order is not None and self._requests and self._may_change(order):
            self._flush()
            order = self._find_or_count(action.order_id)
        if order is not None:
            total = self.book.lots(self.book.order(order.id).quantity) - action.quantity
            request = AmendRequest(order.account_id, order.id, quantity=max(total, self.market.lot))
            self._requests.append(request)
            self._known.amended.add(order.id)

    def _may_change(self, order: OurOrder) -> bool:
        return order.id in self._known.amended or self.book.order(order.id).conditions is not None

    def _set_status(self, action: StatusSet) -> None:
        """Unless the engine has come there by itself, as when its circuit breaker halts the market."""
        self._flush()
        if market_by_symbol(self.market.symbol).status != action.status:
            seconds = 0 if action.status == OPEN else None
            submit(self.market.symbol, [StatusRequest(action.status, action.reason, seconds)])
            self.tally.states += 1
            self._learn()

    def _set_price(self, action: PriceSet) -> None:
        self._flush()
        self._price.set(action.price)
        submit(self.market.symbol, [SweepRequest()])
        self._learn()

    # ---- the exchange ----

    def _find(self, order_id: str) -> OurOrder | None:
        """Our order, if it is live; what has been asked for so far is done first if that tells."""
        if self._known.is_to_come(order_id):
            self._flush()
        return self._known.find(order_id)

    def _find_or_count(self, order_id: str) -> OurOrder | None:
        order = self._find(order_id)
        self.tally.not_live += order is None
        return order

    def _flush(self) -> None:
        if not self._requests:
            return
        requests, self._requests = self._requests, []
        outcomes = submit(self.market.symbol, requests)
        self.tally.sent(requests, outcomes)
        self._known.learn(outcomes)
        self._learn()
        self._price.renew()

    def _learn(self) -> None:
        """See what was committed: count the trades, and forget the orders that have ended."""
        news = self.book.advance()
        if news is None:
            self.tally.unseen += 1
            self._known.forget_all_but(self.book.live_ids())
            return
        touched: list[int] = []
        for logged in news:
            event = logged.event
            if isinstance(event, Traded | Uncrossed):
                self._trade(event)
                touched += (event.taker_order_id, event.maker_order_id)
            else:
                touched.append(getattr(event, "order_id", 0))
        self._known.forget(order_id for order_id in touched if not self.book.is_live(order_id))

    def _trade(self, trade: Traded | Uncrossed) -> None:
        taker, maker = (self._known.name_of(id) for id in (trade.taker_order_id, trade.maker_order_id))
        self.tally.trades.made(taker, maker, self.book.price(trade.price), self.book.lots(trade.quantity))
        if not self._sets_prices:
            self._price.follow(Decimal(trade.price))
