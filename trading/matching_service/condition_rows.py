"""Conditions of orders as rows: what was asked for, and how it stands after the batch."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from common.clock import from_ms
from common.money import EXACT
from trading.matching.events import Accepted
from trading.matching.level import BookOrder
from trading.matching.terms import BUY
from trading.models import OrderCondition

if TYPE_CHECKING:
    from trading.matching_service.batch import Batch

_COLUMNS = (
    "order_id", "display_quantity", "hidden_quantity", "expires_at", "reduce_only", "trigger_source",
    "trigger_price", "trail_amount", "trail_millionths", "extreme", "protection_millionths", "reserve",
    "link_group", "link_role",
)  # fmt: skip


def new_rows(batch: "Batch") -> list[tuple[Any, ...]]:
    """Of the orders that this batch took in, in the order of statements.add_conditions."""
    rows = []
    for accepted in batch.changes.with_conditions:
        row = condition_of(batch, accepted)
        rows.append(tuple(getattr(row, name) for name in _COLUMNS))
    return rows


def changed_rows(batch: "Batch") -> Iterator[tuple[Any, ...]]:
    """Of older orders that are still live, or were amended before they ended, in the order of
    statements.change_conditions."""
    for order_id in sorted(batch.changes.orders.keys() | batch.book.trailed):
        order = batch.book.orders.get(order_id)
        change = batch.changes.orders.get(order_id)
        if change is not None and change.place is not None:
            continue
        if order is not None and order.conditions is not None:
            yield (order_id, batch.lots(order.hidden), *_armed(batch, order))
        elif order is None and change is not None and change.trigger_price is not None:
            yield (order_id, Decimal(0), batch.price(change.trigger_price), None, None)


def condition_of(batch: "Batch", accepted: Accepted) -> OrderCondition:
    """An order's conditions as they stand now; of one that has ended, as it came in."""
    conditions = accepted.conditions
    assert conditions is not None
    trigger, link = conditions.trigger, conditions.link
    order = batch.book.orders.get(accepted.order_id)
    trigger_price, extreme, reserve = (
        _armed(batch, order) if order is not None else _as_it_ended(batch, accepted)
    )
    return OrderCondition(
        order_id=accepted.order_id,
        display_quantity=batch.maybe_lots(conditions.display),
        hidden_quantity=batch.lots(order.hidden if order is not None else 0),
        expires_at=None if conditions.expires_at is None else from_ms(conditions.expires_at),
        reduce_only=conditions.reduce_only,
        trigger_source=trigger.source if trigger else "",
        trigger_price=trigger_price,
        trail_amount=batch.price(trigger.trail) if trigger else None,
        trail_millionths=trigger.trail_rate if trigger else None,
        extreme=extreme,
        protection_millionths=trigger.protection_rate if trigger else 0,
        reserve=reserve,
        link_group=link.group if link else None,
        link_role=link.role if link else "",
    )


def _as_it_ended(batch: "Batch", accepted: Accepted) -> tuple[Decimal | None, Decimal | None, None]:
    """Trigger price, extreme and reserve; an exit that never waited for a price has asked for one all the same."""
    trigger = accepted.conditions.trigger if accepted.conditions is not None else None
    known = (
        batch.changes.orders[accepted.order_id].trigger_price, accepted.trigger_price,
        trigger.price if trigger is not None else None,
    )  # fmt: skip
    trigger_price = next((price for price in known if price is not None), None)
    return batch.price(trigger_price), batch.price(accepted.extreme), None


def _armed(batch: "Batch", order: BookOrder) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Trigger price, extreme and reserve, now; what fired keeps its last trigger only in the log."""
    armed = order.armed
    if armed is None:
        terms = order.conditions.trigger if order.conditions is not None else None
        return (batch.price(terms.price) if terms else None), None, None
    tick = batch.market.rules.tick
    reserve = EXACT.multiply(tick, armed.reserve) if order.side == BUY else Decimal(armed.reserve)
    return EXACT.multiply(tick, armed.trigger_price), batch.price(armed.extreme), reserve
