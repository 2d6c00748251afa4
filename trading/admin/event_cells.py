"""Events of the log as rows of a table: prices and quantities in the market's own units, not ticks and lots."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.html import format_html

from accounts.models import Account
from common.money import EXACT
from market.models import Market
from trading.admin.cells import NOTHING, Cell, Column, link, moment, money, owner, side
from trading.models import OrderEvent

COLUMNS = [
    Column("Sequence", True), Column("Time (UTC)"), Column("Event"), Column("Order"), Column("Owner"),
    Column("Side"), Column("Price", True), Column("Quantity", True), Column("Against"), Column("Reason"),
    Column("Trade"),
]  # fmt: skip


# Kind of an event without an order -> which of its details says what happened.
_TELLING = {"S": "status", "P": "source"}


def rows_of(market: Market, events: Sequence[OrderEvent]) -> list[list[Cell]]:
    ids = {event.account_id for event in events} | {event.maker_account_id for event in events}
    accounts = Account.objects.select_related("user").in_bulk(ids - {None})
    return [_row(market, event, accounts) for event in events]


def _row(market: Market, event: OrderEvent, accounts: dict[int, Account]) -> list[Cell]:
    return [
        str(event.sequence),
        moment(event.created_at),
        event.get_kind_display(),
        link("trading_order", event.order_id, event.order_id) if event.order_id else NOTHING,
        owner(accounts.get(event.account_id)),
        side(event.side) if event.side else NOTHING,
        _in_steps(event.price, market.tick),
        _in_steps(event.quantity, market.lot),
        _maker(event, accounts),
        _reason(event),
        link("trading_trade", event.trade_id, event.trade_id) if event.trade_id else NOTHING,
    ]


def _reason(event: OrderEvent) -> str:
    """Of a change of the market's state also which, of an outside price whose."""
    details = event.details or {}
    about = _TELLING.get(event.kind)
    words = [details[about]] if about else []
    return ": ".join([*words, *([event.reason] if event.reason else [])]) or NOTHING


def _maker(event: OrderEvent, accounts: dict[int, Account]) -> Cell:
    if event.maker_order_id is None or event.maker_account_id is None:
        return NOTHING
    order = link("trading_order", event.maker_order_id, event.maker_order_id)
    return format_html("{} of {}", order, owner(accounts.get(event.maker_account_id)))


def _in_steps(steps: int | None, step: Decimal) -> str:
    return NOTHING if steps is None else money(EXACT.multiply(step, Decimal(steps)))
