"""A command that was carried out, as the steps after matching see it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from common.errors import Refused
from trading.matching import commands
from trading.matching.events import Event
from trading.matching_service.changes import Changes, OrderChange
from trading.perpetual_settlement import PerpetualSettlement
from trading.settlement import Settlement

Settled = Settlement | PerpetualSettlement
Denial = tuple[type[commands.Activate | commands.Trigger | commands.Unlink], int]


class FundsChanged(Exception):
    """Under the lock the balance did not cover a command any more: the batch runs again without it.

    refused: a request, by index, and why. denied: instead, the entries of brackets whose exits cannot be kept back,
    orders whose trigger may not fire for want of margin, and orders whose fill their owner could not bear.
    """

    def __init__(self, refused: dict[int, Refused], denied: set[Denial]) -> None:
        self.refused = refused
        self.denied = denied
        super().__init__(f"{refused} {denied}")


class Expected(NamedTuple):
    """What a decision of the exchange's own rests on, which request number `request` asked for: under the lock it
    must be so."""

    request: int
    look: Callable[[Any], Any]
    seen: Any

    def holds(self, batch: Any) -> bool:
        return bool(self.look(batch) == self.seen)


class Carried:
    """A command that was carried out: a request's, or one of the exchange's own (index None)."""

    __slots__ = (
        "account_id", "changes", "command", "events", "expects", "fills", "index", "length", "order_ids", "settled",
        "snapshots",
    )  # fmt: skip

    def __init__(
        self, index: int | None, account_id: int, command: commands.Command, events: list[Event],
        settled: Settled,
    ) -> None:  # fmt: skip
        self.index = index
        self.account_id = account_id
        self.command = command
        self.events = events
        self.settled: Any = settled  # of the kind that the batch's market has
        self.changes = settled.changes
        self.fills = settled.fills
        self.order_ids: list[int] = []
        self.snapshots: list[OrderChange] = []
        self.expects: Expected | None = None
        self.length = 1  # with the commands that it made necessary, in `Batch.carried`

    def stand_at(self, changes: Changes, length: int) -> None:
        """All that followed is done: how the orders that were asked for stand now."""
        self.snapshots = [changes.orders[order_id].copy() for order_id in self.order_ids]
        self.length = length
