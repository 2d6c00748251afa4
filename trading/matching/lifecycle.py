"""The life of an order: every status, every step, and the one table of which step leads where.

(nothing) ──accept──► open ──fill in part──► partially_filled ──fill──► filled
    │                  ▲ │                       │
    ├──wait for trigger─► pending_trigger ──enter─┘ (open)     any of them ──cancel──► cancelled
    └──wait for entry───► new ──arm─► pending_trigger                      ──expire──► expired
                           └──enter──► open
"""

from enum import StrEnum

from trading.matching.terms import Reason


class Status(StrEnum):
    NEW = "new"  # an exit of a bracket whose entry has not ended
    PENDING_TRIGGER = "pending_trigger"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Step(StrEnum):
    ACCEPT = "accept"
    WAIT_FOR_ENTRY = "wait for entry"
    ARM = "wait for trigger"
    ENTER = "enter"
    FILL_PART = "fill in part"
    FILL = "fill"
    CANCEL = "cancel"
    EXPIRE = "expire"


TRANSITIONS: dict[tuple[Status | None, Step], Status] = {
    (None, Step.ACCEPT): Status.OPEN,
    (None, Step.ARM): Status.PENDING_TRIGGER,
    (None, Step.WAIT_FOR_ENTRY): Status.NEW,
    (Status.NEW, Step.ARM): Status.PENDING_TRIGGER,
    (Status.NEW, Step.ENTER): Status.OPEN,
    (Status.NEW, Step.CANCEL): Status.CANCELLED,
    (Status.NEW, Step.EXPIRE): Status.EXPIRED,
    (Status.PENDING_TRIGGER, Step.ENTER): Status.OPEN,
    (Status.PENDING_TRIGGER, Step.CANCEL): Status.CANCELLED,
    (Status.PENDING_TRIGGER, Step.EXPIRE): Status.EXPIRED,
    (Status.OPEN, Step.FILL_PART): Status.PARTIALLY_FILLED,
    (Status.OPEN, Step.FILL): Status.FILLED,
    (Status.OPEN, Step.CANCEL): Status.CANCELLED,
    (Status.OPEN, Step.EXPIRE): Status.EXPIRED,
    (Status.PARTIALLY_FILLED, Step.FILL_PART): Status.PARTIALLY_FILLED,
    (Status.PARTIALLY_FILLED, Step.FILL): Status.FILLED,
    (Status.PARTIALLY_FILLED, Step.CANCEL): Status.CANCELLED,
    (Status.PARTIALLY_FILLED, Step.EXPIRE): Status.EXPIRED,
}

EXPIRING = (Reason.EXPIRED, Reason.WIND_DOWN)

RESTING = (Status.OPEN, Status.PARTIALLY_FILLED)
WAITING = (Status.NEW, Status.PENDING_TRIGGER)
ACTIVE = (*WAITING, *RESTING)
ENDED = tuple(status for status in Status if status not in ACTIVE)


def after(status: Status | None, step: Step) -> Status:
    """Where a step leads. An AssertionError if the table does not have it: that is a bug."""
    found = TRANSITIONS.get((status, step))
    assert found is not None, f"an order that is {status or 'not there'} cannot {step}"
    return found


def ending(reason: Reason) -> Step:
    """Expired is what ends by the clock and not by a will of its owner's: at its own time, or with the market."""
    return Step.EXPIRE if reason in EXPIRING else Step.CANCEL
