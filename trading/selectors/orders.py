"""Own orders and fills."""

from collections.abc import Sequence

from django.db.models import QuerySet

from common.errors import ErrorCode, Refused
from trading.models import Order, Trade
from trading.selectors.own_trades import OwnTrades

CLIENT_PREFIX = "client:"
MAX_ID = 2**63 - 1

# An order's id, as a number or as text, or "client:" and the client order id.
OrderReference = int | str


def order_of(account_id: int, reference: OrderReference) -> Order:
    """The account's own order. Raises Refused ORDER_NOT_FOUND, for other people's orders too."""
    own = Order.objects.select_related("market", "conditions").filter(account_id=account_id)
    text = str(reference)
    if text.startswith(CLIENT_PREFIX):
        order = own.filter(client_order_id=text.removeprefix(CLIENT_PREFIX)).first()
    elif text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_ID:
        order = own.filter(id=int(text)).first()
    else:
        order = None
    if order is None:
        raise Refused(ErrorCode.ORDER_NOT_FOUND)
    return order


def orders(
    account_id: int, symbol: str | None = None, statuses: Sequence[str] | None = None
) -> QuerySet[Order]:
    """The account's orders, newest first."""
    rows = Order.objects.select_related("market", "conditions").filter(account_id=account_id).order_by("-id")
    if symbol is not None:
        rows = rows.filter(market__symbol=symbol)
    if statuses is not None:
        rows = rows.filter(status__in=statuses)
    return rows


def open_orders(account_id: int, symbol: str | None = None) -> QuerySet[Order]:
    """Live ones: in the book, or waiting for a trigger or for their entry."""
    return orders(account_id, symbol, Order.ACTIVE_STATUSES)


def linked_orders(first: Order) -> QuerySet[Order]:
    """The orders that were placed together with the first of them, in the order in which they were placed."""
    return orders(first.account_id).filter(conditions__link_group=first.id).order_by("id")


def symbols_with_open_orders(account_id: int) -> list[str]:
    rows = Order.objects.filter(account_id=account_id, status__in=Order.ACTIVE_STATUSES)
    return list(rows.order_by("market__symbol").values_list("market__symbol", flat=True).distinct())


def is_placed(account_id: int, client_order_id: str) -> bool:
    """Whether the account has used this client order id."""
    return Order.objects.filter(account_id=account_id, client_order_id=client_order_id).exists()


def fills(account_id: int, symbol: str | None = None, order_id: int | None = None) -> OwnTrades:
    """Trades in which the account, with that order of its own if one is named, was maker or taker; newest first."""
    rows = Trade.objects.select_related("market")
    if symbol is not None:
        rows = rows.filter(market__symbol=symbol)
    taker, maker = rows.filter(taker_account_id=account_id), rows.filter(maker_account_id=account_id)
    if order_id is not None:
        taker, maker = taker.filter(taker_order_id=order_id), maker.filter(maker_order_id=order_id)
    return OwnTrades(taker, maker)


def fills_of_taker(order: Order) -> list[Trade]:
    """The trades that an order made when it came in."""
    return list(Trade.objects.select_related("market").filter(taker_order_id=order.id).order_by("id"))
