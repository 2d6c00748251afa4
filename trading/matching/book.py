"""A market's live orders in price-time order, changed by events only."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from trading.matching.events import (
    Accepted,
    Activated,
    Amended,
    Cancelled,
    Deleveraged,
    Event,
    FundingMoved,
    PriceMoved,
    Rearmed,
    Reduced,
    Refreshed,
    RiskNoted,
    StatusChanged,
    Traded,
    Triggered,
    Uncrossed,
)
from trading.matching.level import Armed, BookOrder, ConditionedOrder
from trading.matching.linked_orders import LinkedOrders
from trading.matching.terms import BUY, ENTRY, LAST, MATCHING, OCO, OPEN, OPPOSITE, Reason
from trading.matching.triggers import fires_rising


class Book(LinkedOrders):
    """At a sequence: the number of events that made it. What follows from an event for other orders is left in
    `effects` for `follow_up` (trading/matching/follow_up.py); the log has it as events of their own.
    """

    def __init__(self, sequence: int = 0) -> None:
        super().__init__(sequence)
        self._appliers: dict[type, Callable[[Any], None]] = {
            Accepted: self._accepted,
            Traded: self._traded,
            Uncrossed: self._uncrossed,
            Cancelled: self._cancelled,
            Reduced: self._reduced,
            Amended: self._amended,
            Refreshed: self._refreshed,
            Rearmed: self._rearmed,
            Triggered: self._triggered,
            Activated: self._activated,
            StatusChanged: self._status_changed,
            PriceMoved: self._price_moved,
            Deleveraged: self._deleveraged,
            FundingMoved: _stands_in_the_log,
            RiskNoted: _stands_in_the_log,
        }

    def apply(self, event: Event) -> None:
        self.sequence += 1
        self._appliers[type(event)](event)

    def apply_all(self, events: Iterable[Event]) -> None:
        for event in events:
            self.apply(event)

    def replay(self, event: Event) -> None:
        """Apply an event of the log, where what follows from it stands too."""
        self.apply(event)
        self.effects.clear()

    # ---- look ----

    def __iter__(self) -> Iterator[BookOrder]:
        """All resting orders, bids then asks, in the order in which they would trade."""
        for side in self.sides.values():
            yield from side

    def waiting(self) -> Iterator[BookOrder]:
        """Orders that wait for a price or for their entry, by id."""
        return (order for _, order in sorted(self.orders.items()) if not order.rests)

    def state_hash(self) -> str:
        """SHA-256 of the sequence, the market's state and every order in its place: equal books have equal hashes."""
        market = f"{self.sequence}|{self.status}|{self.auction_ends_at}|{sorted(self.prices.items())}"
        digest = hashlib.sha256(market.encode())
        for order in (*self, *self.waiting()):
            digest.update(order.in_words().encode())
        digest.update(self.links.in_words().encode())
        return digest.hexdigest()

    # ---- one method per kind of event ----

    def _accepted(self, event: Accepted) -> None:
        if event.conditions is not None:
            self._accepted_with_conditions(event)
        elif event.resting:
            assert event.quantity is not None
            self.add(BookOrder(*_plain(event, event.resting, self.sequence)))

    def _accepted_with_conditions(self, event: Accepted) -> None:
        conditions = event.conditions
        assert conditions is not None
        open = event.resting or event.quantity or 0
        order = ConditionedOrder(
            event.type, event.time_in_force, conditions, *_plain(event, open, self.sequence)
        )
        if conditions.link is not None:
            order.waits = conditions.link.role not in (ENTRY, OCO)
            self._bind(order, conditions.link)
        if conditions.trigger is not None and not order.waits:
            assert event.trigger_price is not None
            order.armed = self._armed(order, event.trigger_price, event.reserve, event.extreme)
        if event.resting or not order.rests:
            order.hidden = order.hidden_of(event.resting) if order.rests else 0
            self.add(order)
        elif conditions.link is not None and conditions.link.role == ENTRY:
            self.effects.entry_ended(order.order_id)

    def _traded(self, event: Traded) -> None:
        maker = self.orders[event.maker_order_id]
        assert maker.price == event.price and maker.side == OPPOSITE[event.taker_side]
        assert event.quantity <= maker.open - maker.hidden, "more was taken than was shown"
        self._resize(maker, maker.open - event.quantity, maker.hidden, maker.filled + event.quantity)
        taker = self.orders.get(event.taker_order_id)
        if taker is not None:
            self._set(taker, filled=taker.filled + event.quantity)
        if self.links.group_of or self.links.entries:
            self._filled(event)
        if self.positions is not None:
            self._moves_positions(event)
        self._move_price(LAST, event.price)

    def _uncrossed(self, event: Uncrossed) -> None:
        for order_id in (event.maker_order_id, event.taker_order_id):
            order = self.orders[order_id]
            open = order.open - event.quantity
            self._resize(order, open, order.hidden_of(open), order.filled + event.quantity)
        self._filled(event)
        if self.positions is not None:
            self._moves_positions(event)
        self._move_price(LAST, event.price)

    def _cancelled(self, event: Cancelled) -> None:
        order = self.orders.get(event.order_id)
        if event.resting:
            assert order is not None and event.quantity == order.open
            self._resize(order, 0, 0, order.filled)
        elif order is not None:
            assert not order.rests and event.quantity == order.open
            self._remove(order)
            if order.waits:
                self._exit_left(order)
        if self.links.group_of or self.links.entries:
            self._came_to_something(event.order_id)

    def _reduced(self, event: Reduced) -> None:
        if event.resting:
            self._shrink(event)
        if event.reason != Reason.AMEND:
            self._came_to_something(event.order_id)

    def _shrink(self, event: Reduced) -> None:
        order = self.orders[event.order_id]
        open = order.open - event.quantity
        assert open > 0
        if event.reason == Reason.AMEND:
            self._set(order, quantity=order.quantity - event.quantity)
            hidden = max(0, order.hidden - event.quantity)
        else:
            hidden = order.hidden if self.status in MATCHING else order.hidden_of(open)
        self._resize(order, open, hidden, order.filled)

    def _amended(self, event: Amended) -> None:
        order = self.orders[event.order_id]
        assert (order.price, order.open) == (event.old_price, event.old_open)
        filled = order.filled
        self._resize(order, 0, 0, filled)
        if event.resting:
            self._set(
                order, price=event.price, quantity=event.quantity, open=event.resting, place=self.sequence,
                hidden=order.hidden_of(event.resting),
            )  # fmt: skip
            self.add(order)
        else:
            self._came_to_something(event.order_id)

    def _refreshed(self, event: Refreshed) -> None:
        order = self.orders[event.order_id]
        assert order.open == order.hidden, "a slice is shown already"
        self._to_the_back(order, order.hidden - event.quantity, self.sequence)

    def _rearmed(self, event: Rearmed) -> None:
        order = self.orders[event.order_id]
        conditions = order.conditions
        assert conditions is not None and conditions.trigger is not None and order.armed is not None
        extreme = order.armed.extreme
        if extreme is None:
            conditions = conditions._replace(trigger=conditions.trigger._replace(price=event.trigger_price))
        self._remove(order)
        self._set(
            order, price=event.price, quantity=event.quantity, open=event.quantity, place=self.sequence,
            armed=self._armed(order, event.trigger_price, event.reserve, extreme), conditions=conditions,
        )  # fmt: skip
        self.add(order)

    def _triggered(self, event: Triggered) -> None:
        order = self.orders[event.order_id]
        self._remove(order)
        if event.resting:
            self._rest(order, event.resting)
        self._came_to_something(event.order_id)

    def _activated(self, event: Activated) -> None:
        order = self.orders[event.order_id]
        self._remove(order)
        self._exit_left(order)
        self._set(order, waits=False, quantity=event.quantity, open=event.quantity, place=self.sequence)
        if event.trigger_price is not None:
            armed = self._armed(order, event.trigger_price, event.reserve, event.extreme)
            self._set(order, armed=armed)
            self.add(order)
            price = self.prices.get(armed.source)
            if self.status == OPEN and price is not None and armed.is_reached(price):
                self.effects.fire([order.order_id])
        elif event.resting:
            self._rest(order, event.resting)

    def _status_changed(self, event: StatusChanged) -> None:
        self.status, self.auction_ends_at = event.status, event.ends_at
        if event.status != OPEN:
            self.effects.stop_firing()
            return
        for source, price in sorted(self.prices.items()):
            self._judge_triggers(source, None, price)

    def _price_moved(self, event: PriceMoved) -> None:
        self._move_price(event.source, event.price)

    def _deleveraged(self, event: Deleveraged) -> None:
        lots = event.quantity if event.side == BUY else -event.quantity
        self._move_position(event.account_id, lots)
        self._move_position(event.counter_account_id, -lots)

    # ---- positions ----

    def _moves_positions(self, trade: Traded | Uncrossed) -> None:
        lots = trade.quantity if trade.taker_side == BUY else -trade.quantity
        self._move_position(trade.taker_account_id, lots)
        self._move_position(trade.maker_account_id, -lots)

    def _move_position(self, account_id: int, lots: int) -> None:
        if self.positions is None:
            return
        size = self.positions.get(account_id, 0) + lots
        self._put(self.positions, account_id, size or None)
        if account_id in self.reducing:
            self.effects.judge_reducing(account_id)

    # ---- what follows ----

    def _move_price(self, source: str, price: int) -> None:
        before, self.prices[source] = self.prices.get(source), price
        if self.status == OPEN and price != before and self.triggers.watches(source):
            self._judge_triggers(source, before, price)

    def _judge_triggers(self, source: str, before: int | None, price: int) -> None:
        """before: the price at which all that it reached fires already; None if nothing was judged yet."""
        for order, trigger_price, extreme in self.triggers.trail(source, price):
            self._note(self._retrigger, order, trigger_price, extreme)
            self.trailed.add(order.order_id)
        self.effects.fire(self.triggers.reached(source, before, price))

    def _armed(self, order: BookOrder, trigger_price: int, reserve: int, extreme: int | None) -> Armed:
        assert order.conditions is not None and order.conditions.trigger is not None
        rises = fires_rising(order.side, order.type)
        return Armed(order.conditions.trigger.source, rises, trigger_price, reserve, extreme)

    def _rest(self, order: BookOrder, open: int) -> None:
        self._set(
            order, armed=None, waits=False, open=open, hidden=order.hidden_of(open), place=self.sequence
        )
        self.add(order)


def _stands_in_the_log(event: Event) -> None:
    """It changes nothing that a book holds."""


def _plain(event: Accepted, open: int, place: int) -> tuple[Any, ...]:
    """What every order has, as BookOrder takes it."""
    return (
        event.order_id, event.account_id, event.side, event.price, event.quantity or 0, open, event.post_only,
        event.self_trade_prevention, place,
    )  # fmt: skip
