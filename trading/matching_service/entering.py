"""Orders that come in although nobody asks for it now: fired triggers and exits of brackets.

On spot a waiting order has reserved what it needs. A perpetual's has not: when its time comes it must be covered,
or it ends.
"""

from typing import TYPE_CHECKING, Any

from trading.matching.commands import Activate, System, Trigger, Unlink
from trading.matching.decide import Refusal, decide
from trading.matching.events import Activated, Triggered
from trading.matching.terms import Reason
from trading.matching_service.carried import Carried, Denial

if TYPE_CHECKING:
    from trading.matching_service.batch import Batch


def allowed(command: System, batch: "Batch") -> System:
    """The command, or what is done instead of it when the margin does not cover it."""
    if not isinstance(command, Trigger | Activate) or not _is_short(command, batch):
        return command
    if isinstance(command, Trigger):
        return Unlink(command.order_id, Reason.MARGIN)
    return Activate(command.entry_id, 0, Reason.MARGIN)


def _is_short(command: Trigger | Activate, batch: "Batch") -> bool:
    if denial(command) in batch.denied:
        return True
    if isinstance(command, Activate) and not command.quantity:
        return False
    account_id = owner(command, batch)
    if account_id not in batch.known_accounts:  # nobody has read yet what it has: it is judged under the lock
        return False
    decision = decide(batch.book, command)
    assert not isinstance(decision, Refusal)
    settled: Any = batch.money.settle(decision, batch.book)
    return batch.money.refusal(account_id, settled, batch.funds) is not None


def owner(command: Trigger | Activate, batch: "Batch") -> int:
    if isinstance(command, Trigger):
        return batch.book.orders[command.order_id].account_id
    [*legs] = batch.book.links.legs[command.entry_id]
    return batch.book.orders[legs[0]].account_id


def denial(command: object) -> Denial:
    if isinstance(command, Trigger):
        return Trigger, command.order_id
    assert isinstance(command, Activate)
    return Activate, command.entry_id


def is_denied(carried: Carried, batch: "Batch") -> bool:
    """Under the lock: whether an order that came in unasked is not covered any more."""
    command = carried.command
    if isinstance(command, Activate) and batch.money.enters_unasked:
        accounts = {key[0] for key in carried.changes}
        return any(batch.locked.refusal(account, carried.changes) is not None for account in accounts)
    if not isinstance(command, Trigger | Activate) or batch.money.enters_unasked:
        return False
    first = carried.events[0]
    if not isinstance(first, Triggered | Activated):
        return False
    return batch.money.still_refused(first.account_id, carried.settled, batch.locked) is not None
