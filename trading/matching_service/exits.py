"""How much an entry's exits may be for: what it filled, less the fee that came out of it."""

from typing import TYPE_CHECKING

from common.money import to_units
from common.pipelined import Pipeline
from trading.matching.commands import Activate
from trading.matching.terms import BUY, Reason
from trading.matching_service import statements

if TYPE_CHECKING:
    from trading.matching_service.batch import Batch


def sized(command: Activate, batch: "Batch") -> Activate:
    """On spot a buy's fee is taken from what was bought, so its exits sell whole lots of the rest."""
    if (Activate, command.entry_id) in batch.denied:
        return Activate(command.entry_id, 0, Reason.FUNDS)
    if not command.quantity or batch.is_perpetual or _sells(command, batch):
        return command
    lots = _received_units(command.entry_id, batch) // batch.market.terms.base_per_lot
    return Activate(command.entry_id, lots, Reason.BELOW_ONE_LOT)


def _sells(command: Activate, batch: "Batch") -> bool:
    """Whether the entry sold: its exits buy."""
    book = batch.book
    return any(book.orders[leg].side == BUY for leg in book.links.legs.get(command.entry_id, ()))


def _received_units(entry_id: int, batch: "Batch") -> int:
    """Base units that the entry brought in, over this batch's trades and those committed before."""
    terms = batch.market.terms
    pipeline = Pipeline(batch.connection)
    committed = statements.read_fills_of(pipeline, entry_id)
    pipeline.run()
    [row] = committed.rows
    precision = batch.market.precision[terms.base]
    units = to_units(row[0], precision) - to_units(row[1], precision)
    for carried in batch.carried:
        for fill in carried.fills:
            trade = fill.event
            if entry_id == trade.taker_order_id:
                units += trade.quantity * terms.base_per_lot - fill.taker_fee
            elif entry_id == trade.maker_order_id:
                units += trade.quantity * terms.base_per_lot - fill.maker_fee
    return units
