"""The order-event log: how an event of the core stands in a row, and back."""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from common.money import format_decimal
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
from trading.matching.terms import Conditions, Link, Reason, TriggerTerms

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
    if type(event) is Traded or type(event) is Uncrossed:
        return (
            "T" if type(event) is Traded else "U", event.taker_order_id, event.taker_account_id,
            event.maker_order_id, event.maker_account_id, event.taker_side, event.price, event.quantity, 0, "",
            None if type(event) is Traded else _details(event, "taker_price", "maker_price"),
        )  # fmt: skip
    if type(event) is Accepted:
        details = _accepted_details(event, client_order_id, quote_quantity)
        return (
            "A", event.order_id, event.account_id, None, None,
            event.side, event.price, event.quantity, event.resting, "", details,
        )  # fmt: skip
    if type(event) is Cancelled or type(event) is Reduced:
        reserve = event.reserve if type(event) is Cancelled else 0
        return (
            "C" if type(event) is Cancelled else "R", event.order_id, event.account_id, None, None,
            event.side, event.price, event.quantity, int(event.resting), event.reason.value,
            json.dumps({"reserve": reserve}) if reserve else None,
        )  # fmt: skip
    if type(event) is StatusChanged:
        details = _details(event, "status", "ends_at")
        return ("S", 0, 0, None, None, "", None, None, 0, event.reason, details)
    if isinstance(event, PriceMoved | Deleveraged | FundingMoved | RiskNoted):
        return _row_without_order(event)
    assert isinstance(event, Amended | Refreshed | Rearmed | Triggered | Activated)
    kind, names = _KINDS[type(event)]
    return (
        kind, event.order_id, event.account_id, None, None, event.side, event.price, event.quantity,
        getattr(event, "resting", 0), "", _details(event, *names) if names else None,
    )  # fmt: skip


def _row_without_order(event: PriceMoved | Deleveraged | FundingMoved | RiskNoted) -> Row:
    if type(event) is PriceMoved:
        return ("P", 0, 0, None, None, "", event.price, None, 0, "", _details(event, "source"))
    if type(event) is Deleveraged:
        return (
            "D", 0, event.account_id, 0, event.counter_account_id, event.side, event.price, event.quantity, 0, "",
            None,
        )  # fmt: skip
    if type(event) is FundingMoved:
        details = _details(event, "rate", "funding_index")
        return ("I", 0, 0, None, None, "", event.price, None, 0, "", details)
    assert type(event) is RiskNoted
    return ("K", 0, event.account_id, None, None, "", None, None, 0, event.what, json.dumps(event.details))


# Kind, and the fields that go into `details`.
_KINDS: dict[type, tuple[str, tuple[str, ...]]] = {
    Amended: ("M", ("old_price", "old_open")),
    Refreshed: ("F", ()),
    Rearmed: ("Q", ("trigger_price", "reserve", "old_quantity", "old_reserve")),
    Triggered: ("G", ("reserve",)),
    Activated: ("V", ("reserve", "trigger_price", "extreme")),
}


def _details(event: Event, *names: str) -> str:
    return json.dumps({name: getattr(event, name) for name in names})


def _accepted_details(event: Accepted, client_order_id: str, quote_quantity: Decimal | None) -> str:
    details: dict[str, Any] = {
        "type": event.type, "time_in_force": event.time_in_force, "post_only": event.post_only,
        "self_trade_prevention": event.self_trade_prevention, "budget": event.budget,
        "client_order_id": client_order_id,
    }  # fmt: skip
    if quote_quantity is not None:
        details["quote_quantity"] = format_decimal(quote_quantity)
    if event.protection is not None:
        details["protection"] = event.protection
    if event.conditions is not None:
        details |= _conditions_details(event, event.conditions)
    return json.dumps(details)


def _conditions_details(event: Accepted, conditions: Conditions) -> dict[str, Any]:
    """Only what is there: display, expires_at, reduce_only, trigger, link, and how the trigger stands."""
    found: dict[str, Any] = {
        name: value
        for name, value in (
            ("display", conditions.display),
            ("expires_at", conditions.expires_at),
            ("reduce_only", conditions.reduce_only or None),
            ("trigger", conditions.trigger and conditions.trigger._asdict()),
            ("link", conditions.link and conditions.link._asdict()),
            ("reserve", event.reserve or None),
            ("trigger_price", event.trigger_price),
            ("extreme", event.extreme),
        )
        if value is not None
    }
    return {"conditions": found}


def from_row(row: Sequence[Any]) -> Event:
    """The event of a row with `COLUMNS`."""
    details = row[10]
    if isinstance(details, str):  # Django has its connections leave jsonb as text
        details = json.loads(details)
    return _READERS[row[0]](row, details or {})


def _traded(row: Sequence[Any], details: dict[str, Any]) -> Event:
    _, order_id, account_id, maker_id, maker_account_id, side, price, quantity, *_ = row
    return Traded(order_id, account_id, side, maker_id, maker_account_id, price, quantity)


def _uncrossed(row: Sequence[Any], details: dict[str, Any]) -> Event:
    _, order_id, account_id, maker_id, maker_account_id, side, price, quantity, *_ = row
    return Uncrossed(order_id, account_id, side, maker_id, maker_account_id, price, quantity, **details)


def _accepted(row: Sequence[Any], details: dict[str, Any]) -> Event:
    _, order_id, account_id, _, _, side, price, quantity, resting, *_ = row
    given = details.get("conditions")
    trigger = (given or {}).get("trigger")
    link = (given or {}).get("link")
    conditions = None if given is None else Conditions(
        given.get("display"), given.get("expires_at"), given.get("reduce_only", False),
        trigger and TriggerTerms(**trigger), link and Link(**link),
    )  # fmt: skip
    waits = {name: (given or {}).get(name) for name in ("trigger_price", "extreme")}
    return Accepted(
        order_id, account_id, side, details["type"], details["time_in_force"], details["post_only"],
        details["self_trade_prevention"], price, quantity, details["budget"], resting,
        details.get("protection"), conditions, (given or {}).get("reserve", 0), **waits,
    )  # fmt: skip


def _cancelled(row: Sequence[Any], details: dict[str, Any]) -> Event:
    _, order_id, account_id, _, _, side, price, quantity, resting, reason, _ = row
    reserve = details.get("reserve", 0)
    return Cancelled(order_id, account_id, side, price, quantity, Reason(reason), bool(resting), reserve)


def _reduced(row: Sequence[Any], details: dict[str, Any]) -> Event:
    _, order_id, account_id, _, _, side, price, quantity, resting, reason, _ = row
    return Reduced(order_id, account_id, side, price, quantity, Reason(reason), bool(resting))


def _amended(row: Sequence[Any], details: dict[str, Any]) -> Event:
    _, order_id, account_id, _, _, side, price, quantity, resting, *_ = row
    return Amended(
        order_id, account_id, side, details["old_price"], details["old_open"], price, quantity, resting
    )


def _of_order(
    event: Callable[..., Event], has_resting: bool
) -> Callable[[Sequence[Any], dict[str, Any]], Event]:
    def read(row: Sequence[Any], details: dict[str, Any]) -> Event:
        _, order_id, account_id, _, _, side, price, quantity, resting, *_ = row
        rests = {"resting": resting} if has_resting else {}
        return event(
            order_id=order_id,
            account_id=account_id,
            side=side,
            price=price,
            quantity=quantity,
            **rests,
            **details,
        )

    return read


_READERS: dict[str, Callable[[Sequence[Any], dict[str, Any]], Event]] = {
    "A": _accepted,
    "T": _traded,
    "U": _uncrossed,
    "C": _cancelled,
    "R": _reduced,
    "M": _amended,
    "F": _of_order(Refreshed, has_resting=False),
    "Q": _of_order(Rearmed, has_resting=False),
    "G": _of_order(Triggered, has_resting=True),
    "V": _of_order(Activated, has_resting=True),
    "S": lambda row, details: StatusChanged(details["status"], row[9], details["ends_at"]),
    "P": lambda row, details: PriceMoved(details["source"], row[6]),
    "D": lambda row, details: Deleveraged(row[2], row[5], row[4], row[6], row[7]),
    "I": lambda row, details: FundingMoved(details["rate"], row[6], details["funding_index"]),
    "K": lambda row, details: RiskNoted(row[2], row[9], details),
}
