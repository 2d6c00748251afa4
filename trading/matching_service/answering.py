"""After the commit: what each request is told."""

from typing import TYPE_CHECKING

from trading.matching.commands import PlaceLinked
from trading.matching.events import Accepted, Amended, Cancelled, Event, Rearmed, Reduced
from trading.matching_service import condition_rows
from trading.matching_service.changes import OrderChange
from trading.matching_service.requests import (
    NOBODY,
    Done,
    FillRow,
    Outcome,
    PlacedLinked,
    PlacedOrder,
    PlacedRow,
)
from trading.models import OrderCondition

if TYPE_CHECKING:
    from trading.matching_service.batch import Batch, Carried


def outcomes(batch: "Batch") -> list[Outcome]:
    """One for each request, in order."""
    first = 0  # of this command's fills among those of the batch
    for place, carried in enumerate(batch.carried):
        if carried.index is not None:
            together = batch.carried[place : place + carried.length]
            last = first + sum(len(each.fills) for each in together)
            batch.outcomes[carried.index] = _outcome(batch, carried, batch.fills[first:last])
        first += len(carried.fills)
    return [outcome for outcome in batch.outcomes if outcome is not None]


def account_ids(batch: "Batch") -> set[int]:
    """Everybody whose orders or balances changed, the fee account left out."""
    touched = {key[0] for carried in batch.carried for key in carried.changes}
    ended = {event.account_id for event, _ in batch.events if type(event) is Cancelled}
    asked = {carried.account_id for carried in batch.carried if carried.index is not None}
    orders = batch.book.orders
    trailed = {orders[order_id].account_id for order_id in batch.book.trailed if order_id in orders}
    return (touched | ended | asked | trailed) - {
        batch.market.terms.fee_account_id,
        NOBODY,
        *batch.money.own_accounts,
    }


def _outcome(batch: "Batch", carried: "Carried", fills: list[FillRow]) -> Outcome:
    if not carried.order_ids:
        return Done(_named_orders(carried.events))
    conditions = {
        event.order_id: condition_rows.condition_of(batch, event)
        for event in carried.events
        if type(event) is Accepted and event.conditions is not None
    }
    placed = [
        _placed(batch, change, order_id, fills, conditions.get(order_id))
        for order_id, change in zip(carried.order_ids, carried.snapshots, strict=True)
    ]
    return PlacedLinked(placed) if isinstance(carried.command, PlaceLinked) else placed[0]


def _placed(
    batch: "Batch",
    change: OrderChange,
    order_id: int,
    fills: list[FillRow],
    conditions: OrderCondition | None,
) -> PlacedOrder:
    place = change.place
    assert place is not None and change.status is not None
    order = PlacedRow(
        place.order_id, batch.symbol, place.account_id, change.client_order_id, place.side, place.type,
        place.time_in_force, place.post_only, place.self_trade_prevention, batch.price(change.price),
        batch.lots(change.total()), batch.quote_quantities.get(order_id), change.status.value,
        batch.lots(change.filled), batch.market.rules.notional(1, change.cost), batch.lots(change.cancelled),
        change.reason, batch.now, batch.now, conditions,
    )  # fmt: skip
    return PlacedOrder(
        order, [fill for fill in fills if order_id in (fill.taker_order_id, fill.maker_order_id)]
    )


def _named_orders(events: list[Event]) -> list[int]:
    """The orders that a cancel or an amend named, and not those it traded with."""
    return [event.order_id for event in events if isinstance(event, Cancelled | Reduced | Amended | Rearmed)]
