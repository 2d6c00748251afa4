"""From a row of a tape to what it says."""

from collections.abc import Callable
from decimal import Decimal

from agents.tape.actions import Action, Amend, Cancel, Consequence, Fill, PriceSet, Reduce, StatusSet, Submit
from agents.tape.fields import BadRow, Fields
from trading.history import tape
from trading.matching.terms import (
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    DECREMENT,
    ENTRY,
    FOK,
    GTC,
    GTD,
    IOC,
    LIMIT,
    MARKET,
    OCO,
    SOURCES,
    STATUSES,
    STOP_LOSS,
    TAKE_PROFIT,
    TRIGGER_TYPES,
    Reason,
)
from trading.order_fields import wrong_fields
from trading.rules import NewOrder

TYPES = (LIMIT, MARKET, *sorted(TRIGGER_TYPES))
PREVENTIONS = (CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH, DECREMENT)
FROM_OUTSIDE = frozenset(
    {
        "", Reason.AMEND, Reason.USER, Reason.CANCEL_AFTER, Reason.DISCONNECTED, Reason.SUSPENDED, Reason.STAFF,
        Reason.WIND_DOWN, Reason.FUNDS, Reason.MARGIN, Reason.LIQUIDATION,
    }
)  # fmt: skip


class RowReader:
    """For one market. Raises BadRow."""

    def __init__(self, tick: Decimal, lot: Decimal) -> None:
        self._tick, self._lot = tick, lot
        self._readers: dict[str, Callable[[int, Fields], Action]] = {
            tape.SUBMIT: self._submit,
            tape.CANCEL: self._cancel,
            tape.REDUCE: self._reduce,
            tape.AMEND: self._amend,
            tape.FILL: self._fill,
            tape.STATUS: self._status,
            tape.PRICE: self._price,
        }

    def read(self, fields: Fields) -> Action:
        action = fields.choice("action", tape.ACTIONS)
        time = fields.time("time")
        reader = self._readers.get(action)
        return Consequence(time) if reader is None else reader(time, fields)

    def _submit(self, time: int, fields: Fields) -> Submit:
        new = NewOrder(
            side=fields.choice("side", ("buy", "sell")),
            type=fields.choice("type", TYPES, LIMIT),
            quantity=fields.maybe_amount("quantity", self._lot),
            price=fields.maybe_amount("price", self._tick),
            quote_quantity=fields.maybe_amount("quote_quantity"),
            time_in_force=fields.choice("time_in_force", (GTC, IOC, FOK, GTD), GTC),
            post_only=fields.flag("post_only"),
            self_trade_prevention=fields.choice("self_trade_prevention", PREVENTIONS, CANCEL_NEWEST),
            display_quantity=fields.maybe_amount("display_quantity", self._lot),
            expires_at=fields.maybe_time("expires_at"),
            reduce_only=fields.flag("reduce_only"),
            trigger_price=fields.maybe_amount("trigger_price", self._tick),
            trigger_source=fields.choice("trigger_source", (*SOURCES, ""), "") or None,
            trail_amount=fields.maybe_amount("trail_amount", self._tick),
            trail_percent=fields.maybe_amount("trail_percent"),
        )
        for name, why in wrong_fields(new).items():
            raise BadRow(f"{name}: {why}")
        if new.expires_at is not None and new.expires_at <= time:
            raise BadRow("expires_at is not after time")
        link = fields.maybe_id("link")
        role = fields.choice("link_role", (OCO, ENTRY, TAKE_PROFIT, STOP_LOSS)) if link else ""
        return Submit(time, fields.order_id("order_id"), fields.maybe_id("account"), new, link, role)

    def _cancel(self, time: int, fields: Fields) -> Action:
        reason = fields.reason()
        if reason not in FROM_OUTSIDE:
            return Consequence(time)
        return Cancel(time, fields.order_id("order_id"), Reason(reason or Reason.USER))

    def _reduce(self, time: int, fields: Fields) -> Action:
        if fields.reason() not in FROM_OUTSIDE:
            return Consequence(time)
        return Reduce(time, fields.order_id("order_id"), fields.amount("quantity", self._lot))

    def _amend(self, time: int, fields: Fields) -> Amend:
        price, trigger = (fields.maybe_amount(name, self._tick) for name in ("price", "trigger_price"))
        quantity = fields.maybe_amount("quantity", self._lot)
        if price is None and quantity is None and trigger is None:
            raise BadRow("an amend says a price, a quantity or a trigger_price")
        return Amend(time, fields.order_id("order_id"), price, quantity, trigger)

    def _fill(self, time: int, fields: Fields) -> Fill:
        taker, maker = fields.maybe_id("order_id"), fields.maybe_id("maker_order_id")
        return Fill(time, taker, maker, fields.amount("price"), fields.amount("quantity"))

    def _status(self, time: int, fields: Fields) -> StatusSet:
        return StatusSet(time, fields.choice("status", STATUSES), fields.reason())

    def _price(self, time: int, fields: Fields) -> PriceSet:
        return PriceSet(time, fields.amount("price", self._tick))
