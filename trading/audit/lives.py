"""Every order's life as the log tells it, held against the one table of what may follow what."""

from common.audit import Rule
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
from trading.matching.lifecycle import RESTING, TRANSITIONS, Status, Step, ending
from trading.matching.terms import ENTRY, OCO, Reason

LIFE = Rule("L3-LIFE", 3, "every order's life follows the table of trading/matching/lifecycle.py")

Wrong = tuple[int, str]  # order id, what it cannot do

_WHERE = {Amended: RESTING, Refreshed: RESTING, Rearmed: (Status.PENDING_TRIGGER,)}


class Life:
    """`total` and `left` in lots; a buy by cost has neither, and ends with its last trade."""

    __slots__ = ("left", "status", "total")

    def __init__(self, status: Status, total: int | None) -> None:
        self.status = status
        self.total = total
        self.left = total


class Lives:
    """Of the live orders only; memory does not grow with the log."""

    def __init__(self) -> None:
        self._lives: dict[int, Life] = {}
        self._by_cost = 0  # the newest buy by cost, the only one that may still trade

    def live(self, event: Event) -> Wrong | None:
        """Take the step that the event is; what is wrong with it, if anything."""
        if isinstance(event, Traded | Uncrossed):
            return self._fill(event.maker_order_id, event.quantity) or self._fill(
                event.taker_order_id, event.quantity
            )
        if type(event) is Accepted:
            return self._accept(event)
        if type(event) is Cancelled:
            return self._take(event.order_id, ending(event.reason))
        if type(event) is Reduced:
            return self._reduce(event)
        if isinstance(event, WithoutOrder):
            return None
        assert not isinstance(event, Accepted | Cancelled | Reduced)
        return self._change(event)

    def _accept(self, event: Accepted) -> Wrong | None:
        conditions = event.conditions
        link = conditions.link if conditions is not None else None
        if link is None or link.group != self._by_cost:
            self._lives.pop(self._by_cost, None)
        step = Step.ACCEPT
        if link is not None and link.role not in (ENTRY, OCO):
            step = Step.WAIT_FOR_ENTRY
        elif conditions is not None and conditions.trigger is not None:
            step = Step.ARM
        if event.order_id in self._lives:
            return event.order_id, f"takes in order {event.order_id} for a second time"
        self._lives[event.order_id] = Life(TRANSITIONS[None, step], event.quantity)
        if event.quantity is None:
            self._by_cost = event.order_id
        return None

    def _fill(self, order_id: int, quantity: int) -> Wrong | None:
        life = self._lives.get(order_id)
        if life is not None and life.left is not None:
            life.left -= quantity
        return self._take(order_id, Step.FILL if life is not None and life.left == 0 else Step.FILL_PART)

    def _reduce(self, event: Reduced) -> Wrong | None:
        life = self._lives.get(event.order_id)
        if life is None or life.status not in RESTING:
            return event.order_id, f"makes order {event.order_id} smaller, which is {_status(life)}"
        if life.left is not None and life.total is not None:
            life.left -= event.quantity
            life.total -= event.quantity if event.reason == Reason.AMEND else 0
        return None

    def _change(self, event: Amended | Refreshed | Rearmed | Triggered | Activated) -> Wrong | None:
        if type(event) is Triggered:
            return self._take(event.order_id, Step.ENTER)
        life = self._lives.get(event.order_id)
        if type(event) is Activated:
            if life is not None:
                life.total = life.left = event.quantity
            return self._take(event.order_id, Step.ENTER if event.trigger_price is None else Step.ARM)
        if life is None or life.status not in _WHERE[type(event)]:
            return event.order_id, f"changes order {event.order_id}, which is {_status(life)}"
        if not isinstance(event, Refreshed) and life.left is not None and life.total is not None:
            life.left += event.quantity - life.total
            life.total = event.quantity
        return None

    def _take(self, order_id: int, step: Step) -> Wrong | None:
        life = self._lives.get(order_id)
        status = TRANSITIONS.get((life.status, step)) if life is not None else None
        if life is None or status is None:
            return order_id, f"has order {order_id} {step.value}, which is {_status(life)}"
        life.status = status
        if status in (Status.FILLED, Status.CANCELLED, Status.EXPIRED):
            del self._lives[order_id]
        return None


def _status(life: Life | None) -> str:
    return "not live" if life is None else life.status.value
