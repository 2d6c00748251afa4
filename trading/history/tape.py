"""The order-by-order tape: one row for each event of the log, in units of price and quantity (docs/tape-format.md)."""

import json
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from common.money import EXACT, format_decimal
from trading.history.reading import Logged
from trading.matching.events import (
    Accepted,
    Activated,
    Amended,
    Cancelled,
    Deleveraged,
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
from trading.matching.terms import Conditions

# Column -> its type in a Parquet file. Amounts are text so that no digit is lost, ids so that any will do.
COLUMNS: dict[str, str] = {
    "sequence": "BIGINT", "time": "BIGINT", "action": "VARCHAR", "order_id": "VARCHAR", "account": "VARCHAR",
    "side": "VARCHAR", "type": "VARCHAR", "price": "VARCHAR", "quantity": "VARCHAR", "resting": "VARCHAR",
    "reason": "VARCHAR", "maker_order_id": "VARCHAR", "maker_account": "VARCHAR", "trade_id": "BIGINT",
    "client_order_id": "VARCHAR", "quote_quantity": "VARCHAR", "time_in_force": "VARCHAR", "expires_at": "BIGINT",
    "post_only": "BOOLEAN", "reduce_only": "BOOLEAN", "self_trade_prevention": "VARCHAR",
    "protection_price": "VARCHAR", "display_quantity": "VARCHAR", "trigger_price": "VARCHAR",
    "trigger_source": "VARCHAR", "trail_amount": "VARCHAR", "trail_percent": "VARCHAR", "link": "VARCHAR",
    "link_role": "VARCHAR", "status": "VARCHAR", "ends_at": "BIGINT", "details": "VARCHAR",
}  # fmt: skip

SUBMIT, CANCEL, REDUCE, AMEND, FILL = "submit", "cancel", "reduce", "amend", "fill"
REFRESH, TRIGGER, ACTIVATE, STATUS, PRICE = "refresh", "trigger", "activate", "status", "price"
DELEVERAGE, FUNDING, RISK = "deleverage", "funding", "risk"  # of perpetuals
ACTIONS = (
    SUBMIT, CANCEL, REDUCE, AMEND, FILL, REFRESH, TRIGGER, ACTIVATE, STATUS, PRICE, DELEVERAGE, FUNDING, RISK
)  # fmt: skip
IN_AUCTION = "AUCTION"  # the reason of a fill at an auction's price

_WHOLE_PERCENT = 10_000  # millionths
_NO_CONDITIONS = Conditions()

Row = dict[str, Any]  # a column that is missing, empty or None has nothing to say


class TapeWriter:
    """Turns events of one market into rows."""

    def __init__(self, tick: Decimal, lot: Decimal) -> None:
        self._tick, self._lot = tick, lot
        self.price = lru_cache(maxsize=100_000)(self._price)
        self.quantity = lru_cache(maxsize=100_000)(self._quantity)
        self._rows: dict[type, Callable[[Any, Logged], Row]] = {
            Accepted: self._submit, Traded: self._fill, Uncrossed: self._fill, Cancelled: self._cancel,
            Reduced: self._cancel, Amended: self._amend, Rearmed: self._amend, Refreshed: self._refresh,
            Triggered: self._enter, Activated: self._enter, StatusChanged: self._status, PriceMoved: self._moved,
            Deleveraged: self._deleveraged, FundingMoved: self._funding, RiskNoted: self._risk,
        }  # fmt: skip

    def row(self, logged: Logged) -> Row:
        row = self._rows[type(logged.event)](logged.event, logged)
        row["sequence"], row["time"] = logged.sequence, logged.time
        return row

    # ---- one method per kind of row ----

    def _submit(self, event: Accepted, logged: Logged) -> Row:
        quote_quantity = logged.quote_quantity
        if quote_quantity is None and event.budget is not None:
            quote_quantity = EXACT.multiply(EXACT.multiply(self._tick, self._lot), event.budget)
        row = self._order(SUBMIT, event) | {
            "type": event.type,
            "resting": self.quantity(event.resting),
            "client_order_id": logged.client_order_id,
            "quote_quantity": None if quote_quantity is None else format_decimal(quote_quantity),
            "time_in_force": event.time_in_force,
            "post_only": _flag(event.post_only),
            "self_trade_prevention": event.self_trade_prevention,
            "protection_price": self.price(event.protection),
            "reduce_only": _flag(event.conditions is not None and event.conditions.reduce_only),
        }
        return row | self._conditions(event) if event.conditions is not None else row

    def _conditions(self, event: Accepted) -> Row:
        display, expires_at, _, trigger, link = event.conditions or _NO_CONDITIONS
        row: Row = {"display_quantity": self.quantity(display), "expires_at": expires_at}
        if link is not None:
            row |= {"link": link.group, "link_role": link.role}
        if trigger is not None:
            row |= {
                "trigger_source": trigger.source,
                "trigger_price": self.price(trigger.price),
                "trail_amount": self.price(trigger.trail),
                "trail_percent": _percent(trigger.trail_rate),
            }
        return row

    def _fill(self, event: Traded | Uncrossed, logged: Logged) -> Row:
        return {
            "action": FILL, "order_id": event.taker_order_id, "account": event.taker_account_id,
            "side": event.taker_side, "price": self.price(event.price), "quantity": self.quantity(event.quantity),
            "maker_order_id": event.maker_order_id, "maker_account": event.maker_account_id,
            "trade_id": logged.trade_id, "reason": IN_AUCTION if type(event) is Uncrossed else "",
        }  # fmt: skip

    def _cancel(self, event: Cancelled | Reduced, logged: Logged) -> Row:
        row = self._order(CANCEL if type(event) is Cancelled else REDUCE, event)
        return row | {
            "reason": event.reason.value,
            "resting": self.quantity(event.resting and event.quantity),
        }

    def _amend(self, event: Amended | Rearmed, logged: Logged) -> Row:
        row = self._order(AMEND, event)
        if isinstance(event, Rearmed):
            return row | {"trigger_price": self.price(event.trigger_price), "resting": self.quantity(0)}
        return row | {"resting": self.quantity(event.resting)}

    def _refresh(self, event: Refreshed, logged: Logged) -> Row:
        return self._order(REFRESH, event)

    def _enter(self, event: Triggered | Activated, logged: Logged) -> Row:
        row = self._order(TRIGGER if type(event) is Triggered else ACTIVATE, event)
        row["resting"] = self.quantity(event.resting)
        if isinstance(event, Activated):
            row["trigger_price"] = self.price(event.trigger_price)
        return row

    def _status(self, event: StatusChanged, logged: Logged) -> Row:
        return {"action": STATUS, "status": event.status, "reason": event.reason, "ends_at": event.ends_at}

    def _moved(self, event: PriceMoved, logged: Logged) -> Row:
        return {"action": PRICE, "trigger_source": event.source, "price": self.price(event.price)}

    def _deleveraged(self, event: Deleveraged, logged: Logged) -> Row:
        return {
            "action": DELEVERAGE, "account": event.account_id, "side": event.side,
            "maker_account": event.counter_account_id, "price": self.price(event.price),
            "quantity": self.quantity(event.quantity),
        }  # fmt: skip

    def _funding(self, event: FundingMoved, logged: Logged) -> Row:
        details = json.dumps({"rate": event.rate, "funding_index": event.funding_index})
        return {"action": FUNDING, "price": self.price(event.price), "details": details}

    def _risk(self, event: RiskNoted, logged: Logged) -> Row:
        details = json.dumps(event.details)
        return {"action": RISK, "account": event.account_id, "reason": event.what, "details": details}

    def _order(self, action: str, event: Any) -> Row:
        return {
            "action": action, "order_id": event.order_id, "account": event.account_id, "side": event.side,
            "price": self.price(event.price), "quantity": self.quantity(event.quantity),
        }  # fmt: skip

    # ---- units ----

    def _price(self, ticks: int | None) -> str | None:
        return None if ticks is None else format_decimal(EXACT.multiply(self._tick, ticks))

    def _quantity(self, lots: int | None) -> str | None:
        return None if lots is None else format_decimal(EXACT.multiply(self._lot, lots))


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _percent(millionths: int | None) -> str | None:
    return None if millionths is None else format_decimal(EXACT.divide(Decimal(millionths), _WHOLE_PERCENT))
