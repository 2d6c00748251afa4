"""One order on its way through the log."""

from common.money import format_decimal
from trading.history.reading import Logged
from trading.history.state import OrderState
from trading.matching.events import (
    Accepted,
    Activated,
    Amended,
    Cancelled,
    Rearmed,
    Reduced,
    Refreshed,
    Triggered,
)
from trading.matching.lifecycle import EXPIRING, Status
from trading.matching.terms import ENTRY, OCO, Conditions, Reason

_NO_CONDITIONS = Conditions()


class RebuiltOrder:
    """What the events so far say of an order. Amounts in ticks and lots."""

    __slots__ = (
        "accepted", "cancelled", "client_order_id", "cost", "created_at", "filled", "order_id", "price", "priority",
        "quantity", "quote_quantity", "reason", "updated_at", "waits_for_entry", "waits_for_trigger",
    )  # fmt: skip

    def __init__(self, accepted: Accepted, logged: Logged) -> None:
        conditions = accepted.conditions or _NO_CONDITIONS
        self.accepted = accepted
        self.order_id = accepted.order_id
        self.client_order_id = logged.client_order_id
        self.quote_quantity = logged.quote_quantity
        self.price, self.quantity = accepted.price, accepted.quantity
        self.filled = self.cost = self.cancelled = 0
        self.reason: Reason | None = None
        self.waits_for_entry = conditions.link is not None and conditions.link.role not in (ENTRY, OCO)
        self.waits_for_trigger = conditions.trigger is not None
        self.priority = logged.sequence
        self.created_at = self.updated_at = logged.time

    @property
    def has_ended(self) -> bool:
        """Of a buy by cost without a reason only the command's end tells; see RebuiltMarket."""
        return self.reason is not None or self.filled + self.cancelled == self.quantity

    def fill(self, quantity: int, cost: int, logged: Logged) -> None:
        self.filled += quantity
        self.cost += cost
        self.updated_at = logged.time

    def change(
        self,
        event: Cancelled | Reduced | Refreshed | Amended | Rearmed | Triggered | Activated,
        logged: Logged,
    ) -> None:
        self.updated_at = logged.time
        if isinstance(event, Cancelled):
            self.cancelled += event.quantity
            self.reason = event.reason
        elif isinstance(event, Reduced):
            self._reduce(event)
        else:
            self.priority = logged.sequence
            self._come_in_anew(event)

    def _reduce(self, event: Reduced) -> None:
        if event.reason is Reason.AMEND:
            assert self.quantity is not None
            self.quantity -= event.quantity
        else:
            self.cancelled += event.quantity

    def _come_in_anew(self, event: Refreshed | Amended | Rearmed | Triggered | Activated) -> None:
        if isinstance(event, Amended | Rearmed):
            self.price, self.quantity = event.price, event.quantity
        elif isinstance(event, Triggered):
            self.waits_for_trigger = False
        elif isinstance(event, Activated):
            self.quantity = event.quantity
            self.waits_for_entry = False

    @property
    def status(self) -> Status:
        if self.reason is not None:
            return Status.EXPIRED if self.reason in EXPIRING else Status.CANCELLED
        if self.waits_for_entry:
            return Status.NEW
        if self.waits_for_trigger:
            return Status.PENDING_TRIGGER
        if self.accepted.budget is not None or self.has_ended:
            return Status.FILLED
        return Status.PARTIALLY_FILLED if self.filled else Status.OPEN

    def state(self) -> OrderState:
        accepted = self.accepted
        display, expires_at, reduce_only, trigger, link = accepted.conditions or _NO_CONDITIONS
        total = self.filled if accepted.budget is not None else self.quantity
        assert total is not None
        return OrderState(
            accepted.order_id, accepted.account_id, self.client_order_id, accepted.side, accepted.type,
            accepted.time_in_force, accepted.post_only, accepted.self_trade_prevention, self.price, total,
            None if self.quote_quantity is None else format_decimal(self.quote_quantity), self.status.value,
            self.filled, self.cost, self.cancelled, "" if self.reason is None else self.reason.value, self.priority,
            self.created_at, self.updated_at, display, expires_at, reduce_only,
            trigger.source if trigger else "", trigger.trail if trigger else None,
            trigger.trail_rate if trigger else None, trigger.protection_rate if trigger else 0,
            link.group if link else None, link.role if link else "",
        )  # fmt: skip
