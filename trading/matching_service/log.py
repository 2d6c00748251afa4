"""The order-event log: how an event of the core stands in a row, and back."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from common.money import format_decimal
from trading.matching.events import Accepted, Amended, Cancelled, Event, Reduced, Traded
from trading.matching.terms import Reason

# Columns after (market_id, sequence), in the order of the statements.
COLUMNS = (
    "kind", "order_id", "account_id", "maker_order_id", "maker_account_id", "side", "price", "quantity",
    "resting", "reason", "details",
)  # fmt: skip

Row = tuple[Any, ...]


def to_row(event: Event, client_order_id: str = "", quote_quantity: Decimal | None = None) -> Row:
    """The columns of an event. The client order id and, of a buy by cost, the amount that was asked for belong
    to an accepted order; matching works with `budget`, which is that amount in whole ticks x lots.
    """
    if type(event) is Traded:
        return (
            "T", event.taker_order_id, event.taker_account_id, event.maker_order_id, event.maker_account_id,
            event.taker_side, event.price, event.quantity, 0, "", None,
        )  # fmt: skip
    if type(event) is Accepted:
        asked = {} if quote_quantity is None else {"quote_quantity": format_decimal(quote_quantity)}
        details = json.dumps(
            {
                "type": event.type, "time_in_force": event.time_in_force, "post_only": event.post_only,
                "self_trade_prevention": event.self_trade_prevention, "budget": event.budget,
                "client_order_id": client_order_id, **asked,
            }
        )  # fmt: skip
        return (
            "A", event.order_id, event.account_id, None, None,
            event.side, event.price, event.quantity, event.resting, "", details,
        )  # fmt: skip
    if type(event) is Amended:
        details = json.dumps({"old_price": event.old_price, "old_open": event.old_open})
        return (
            "M", event.order_id, event.account_id, None, None,
            event.side, event.price, event.quantity, event.resting, "", details,
        )  # fmt: skip
    assert isinstance(event, Cancelled | Reduced)
    return (
        "C" if type(event) is Cancelled else "R", event.order_id, event.account_id, None, None,
        event.side, event.price, event.quantity, int(event.resting), event.reason.value, None,
    )  # fmt: skip


def from_row(row: Sequence[Any]) -> Event:
    """The event of a row with `COLUMNS`."""
    (
        kind,
        order_id,
        account_id,
        maker_id,
        maker_account_id,
        side,
        price,
        quantity,
        resting,
        reason,
        details,
    ) = row
    if isinstance(details, str):  # Django has its connections leave jsonb as text
        details = json.loads(details)
    if kind == "T":
        return Traded(order_id, account_id, side, maker_id, maker_account_id, price, quantity)
    if kind == "C":
        return Cancelled(order_id, account_id, side, price, quantity, Reason(reason), bool(resting))
    if kind == "R":
        return Reduced(order_id, account_id, side, price, quantity, Reason(reason), bool(resting))
    if kind == "M":
        return Amended(
            order_id, account_id, side, details["old_price"], details["old_open"], price, quantity, resting
        )
    assert kind == "A", f"unknown event kind {kind}"
    return Accepted(
        order_id, account_id, side, details["type"], details["time_in_force"], details["post_only"],
        details["self_trade_prevention"], price, quantity, details["budget"], resting,
    )  # fmt: skip
