"""Orders: looked at with their trades and events, and cancelled by staff; never edited."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

from common.errors import Refused
from common.money import EXACT
from trading.admin import search
from trading.admin.cells import NOTHING, Cell, Column, Panel, link, moment, money, owner, side
from trading.admin.confirmation import (
    Question,
    ReasonForm,
    ask,
    chosen,
    chosen_url,
    filled_in,
    in_words,
    to_confirmation,
)
from trading.admin.event_cells import COLUMNS, rows_of
from trading.admin.filters import OrderStateFilter
from trading.admin.history import note
from trading.admin.ledger import OWNER_HELP
from trading.admin.read_only import ReadOnlyAdmin
from trading.matching.terms import Reason
from trading.models import Order, OrderCondition, Trade
from trading.selectors.order_events import events_of
from trading.services import CancelRequest, submit

MOST_TRADES = 100


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    change_form_template = "admin/trading/order/change_form.html"
    list_display = (
        "id", "time", "market", "belongs_to", "direction", "type", "at_price", "amount", "filled", "status",
    )  # fmt: skip
    list_select_related = ("market", "account__user")
    list_filter = (OrderStateFilter, "market")
    search_fields = ("id",)
    search_help_text = f"{OWNER_HELP}, id or client order id"
    actions = ("cancel_selected",)
    fields = (
        ("belongs_to", "client_order_id"),
        ("market", "direction"),
        ("type", "time_in_force"),
        ("post_only", "self_trade_prevention"),
        ("at_price", "amount", "budget"),
        ("trigger", "shows", "expires", "linked"),
        ("status", "reason"),
        ("filled", "cost", "cancelled"),
        ("time", "changed"),
    )  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        meanings = (
            search.by_number("pk"),
            search.by_owner("account_id"),
            search.by_client_order_id,
        )
        return search.narrow(queryset, search_term, *meanings), False

    @admin.display(description="Placed (UTC)")
    def time(self, order: Order) -> str:
        return moment(order.created_at)

    @admin.display(description="Last changed (UTC)")
    def changed(self, order: Order) -> str:
        return moment(order.updated_at)

    @admin.display(description="Owner")
    def belongs_to(self, order: Order) -> Cell:
        return owner(order.account)

    @admin.display(description="Side")
    def direction(self, order: Order) -> Cell:
        return side(order.side)

    @admin.display(description="Price")
    def at_price(self, order: Order) -> str:
        return money(order.price)

    @admin.display(description="Quantity")
    def amount(self, order: Order) -> str:
        return money(order.quantity)

    @admin.display(description="Most to spend")
    def budget(self, order: Order) -> str:
        return money(order.quote_quantity)

    @admin.display(description="Waits for")
    def trigger(self, order: Order) -> str:
        terms = _conditions(order)
        if terms is None or not terms.trigger_source:
            return NOTHING
        trails = terms.trail_amount or (
            terms.trail_millionths and EXACT.divide(Decimal(terms.trail_millionths), Decimal(10_000))
        )
        unit = "" if terms.trail_amount else " %"
        return f"{terms.trigger_source} at {money(terms.trigger_price)}" + (
            f", {money(trails)}{unit} behind" if trails else ""
        )

    @admin.display(description="Shown at a time")
    def shows(self, order: Order) -> str:
        terms = _conditions(order)
        return money(terms.display_quantity if terms else None)

    @admin.display(description="Expires (UTC)")
    def expires(self, order: Order) -> str:
        terms = _conditions(order)
        return moment(terms.expires_at if terms else None)

    @admin.display(description="Linked")
    def linked(self, order: Order) -> str:
        terms = _conditions(order)
        return (
            f"{terms.get_link_role_display()} of {terms.link_group}"
            if terms and terms.link_group
            else NOTHING
        )

    @admin.display(description="Filled")
    def filled(self, order: Order) -> str:
        return money(order.filled_quantity)

    @admin.display(description="Filled for")
    def cost(self, order: Order) -> str:
        return f"{money(order.filled_cost)} {order.market.quote_id}"

    @admin.display(description="Cancelled")
    def cancelled(self, order: Order) -> str:
        return money(order.cancelled_quantity)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        order = self.get_object(request, object_id)
        if order is not None and self.has_view_permission(request, order):
            extra_context = {
                **(extra_context or {}),
                "panels": [_trades(order), _events(order)],
                "cancel_url": self._cancel_url(request, order),
            }
        return super().change_view(request, object_id, form_url, extra_context)

    # ---- cancelling ----

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("trading.change_order")

    def _cancel_url(self, request: HttpRequest, order: Order) -> str:
        if order.status in Order.ACTIVE_STATUSES and self.has_cancel_permission(request):
            return chosen_url("admin:trading_order_cancel", order.pk)
        return ""

    @admin.action(description="Cancel selected open orders", permissions=["cancel"])
    def cancel_selected(self, request: HttpRequest, rows: QuerySet[Order]) -> HttpResponse | None:
        return to_confirmation(self, request, rows, "admin:trading_order_cancel")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.cancel_view)
        return [path("cancel/", view, name="trading_order_cancel"), *super().get_urls()]

    def cancel_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_cancel_permission(request):
            raise PermissionDenied
        orders = chosen(request, self.get_queryset(request).select_related("market", "account__user"))
        back = reverse("admin:trading_order_changelist")
        if len(orders) == 1:
            back = reverse("admin:trading_order_change", args=[orders[0].pk])
        form = ReasonForm(filled_in(request))
        if request.method == "POST" and form.is_valid():
            cancel(request, orders, form.cleaned_data["reason"])
            return redirect(back)
        lines = [
            f"{order.pk}: {order.account.user or order.account} {order.side} {money(order.quantity)} {order.market}"
            for order in orders
        ]
        text = "What is open of them leaves the book, and what they hold is released."
        title = f"Cancel order {orders[0].pk}" if len(orders) == 1 else f"Cancel {len(orders)} orders"
        return ask(
            self, request, form, Question(title, text, list(lines), "Cancel orders", back, is_grave=True)
        )


def cancel(request: HttpRequest, orders: Sequence[Order], reason: str) -> None:
    """Each as staff; those no longer open are named. Says what happened."""
    by_symbol: dict[str, list[Order]] = defaultdict(list)
    for order in orders:
        by_symbol[order.market.symbol].append(order)
    done = sum(_cancel_in(request, symbol, some, reason) for symbol, some in by_symbol.items())
    if done:
        messages.success(request, f"Orders cancelled: {done}.")


def _cancel_in(request: HttpRequest, symbol: str, orders: Sequence[Order], reason: str) -> int:
    requests = [CancelRequest(order.account_id, order.pk, Reason.STAFF) for order in orders]
    try:
        outcomes = submit(symbol, requests)
    except Refused as refused:
        messages.error(request, f"{symbol}: {in_words(refused)}")
        return 0
    done = 0
    for order, outcome in zip(orders, outcomes, strict=True):
        if isinstance(outcome, Refused):
            messages.warning(request, f"Order {order.pk}: {in_words(outcome)}")
        else:
            note(request.user, order, f"Cancelled by staff: {reason}")
            done += 1
    return done


def _conditions(order: Order) -> OrderCondition | None:
    return getattr(order, "conditions", None)


def _trades(order: Order) -> Panel:
    trades = Trade.objects.filter(Q(taker_order=order.pk) | Q(maker_order=order.pk))
    rows: list[list[Cell]] = [
        [
            link("trading_trade", trade.pk, trade.pk),
            moment(trade.created_at),
            money(trade.price),
            money(trade.quantity),
            money(trade.cost),
            "taker" if trade.taker_order_id == order.pk else "maker",
            owner(trade.maker_account if trade.taker_order_id == order.pk else trade.taker_account),
        ]
        for trade in trades.select_related("taker_account__user", "maker_account__user").order_by("-id")[
            :MOST_TRADES
        ]
    ]
    columns = [
        Column("Trade"), Column("Time (UTC)"), Column("Price", True), Column("Quantity", True),
        Column("Cost", True), Column("Role"), Column("With"),
    ]  # fmt: skip
    return Panel("Trades", columns, rows, "Not filled.")


def _events(order: Order) -> Panel:
    events, are_all = events_of(order)
    remark = "" if are_all else "Only the first and the last of this order's events."
    return Panel("Events", COLUMNS, rows_of(order.market, events), "No events.", note=remark)
