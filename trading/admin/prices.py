"""Prices from outside: looked at, and, where they are simulated, moved."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html

from common.errors import Refused
from common.money import format_decimal
from market.models import IndexSource, Market, Price
from market.selectors import sources_of
from trading.admin.cells import NOTHING, Cell, moment, money
from trading.admin.confirmation import Question, ReasonForm, ask, filled_in, in_words
from trading.admin.fields import AmountField
from trading.admin.read_only import ReadOnlyAdmin
from trading.services import move_price
from trading.services.move_price import SIMULATED_FOR, feeds_are_simulated, why_not_moved

PERMISSION = "market.change_price"


class MoveForm(ReasonForm):
    price = AmountField(help_text="In quote, a multiple of the market's tick.")

    field_order = ("price", "reason")


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    list_display = ("market", "index_price", "mark_price", "source", "updated", "held_until", "moving")
    list_display_links = None
    list_select_related = ("market",)
    list_filter = ("source",)
    ordering = ("market__symbol",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Price]:
        self.may_move = request.user.has_perm(PERMISSION)
        return super().get_queryset(request)

    @admin.display(description="Index price")
    def index_price(self, price: Price) -> str:
        return money(price.index)

    @admin.display(description="Mark price")
    def mark_price(self, price: Price) -> str:
        return money(price.index if price.market.kind == Market.Kind.SPOT else price.mark)

    @admin.display(description="Updated (UTC)")
    def updated(self, price: Price) -> str:
        return moment(price.updated_at)

    @admin.display(description="Set by hand or a replay until")
    def held_until(self, price: Price) -> str:
        return moment(price.leased_until or price.simulated_until)

    @admin.display(description="")
    def moving(self, price: Price) -> Cell:
        if not self.may_move or why_not_moved(price.market):
            return NOTHING
        return format_html('<a href="{}">Set price</a>', reverse("admin:market_price_move", args=[price.pk]))

    def get_urls(self) -> list[Any]:
        own = path(
            "<int:market_id>/move/", self.admin_site.admin_view(self.move_view), name="market_price_move"
        )
        return [own, *super().get_urls()]

    def move_view(self, request: HttpRequest, market_id: int) -> HttpResponse:
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        price = self.get_queryset(request).filter(pk=market_id).first()
        if price is None:
            raise Http404
        back = reverse("admin:market_price_changelist")
        form = MoveForm(filled_in(request), initial={"price": price.index})
        if request.method == "POST" and form.is_valid() and self._moved(request, price.market, form):
            return redirect(back)
        return ask(self, request, form, _question(price, back))

    def _moved(self, request: HttpRequest, market: Market, form: MoveForm) -> bool:
        by: Any = request.user
        data = form.cleaned_data
        try:
            moved = move_price(market.symbol, data["price"], by, data["reason"])
        except Refused as refused:
            form.add_error("price", in_words(refused))
            return False
        messages.success(request, f"{market} is at {format_decimal(moved.index)} now.")
        return True


def _question(price: Price, back: str) -> Question:
    market = price.market
    perpetuals = ", ".join(
        Market.objects.filter(contract__underlying=market).values_list("symbol", flat=True)
    )
    minutes = SIMULATED_FOR.seconds // 60
    text = (
        "The simulation walks on from this price. Perpetuals on it are marked at once: orders that wait for the price "
        "fire, and positions without enough margin are liquidated."
    )
    if not feeds_are_simulated():
        text += f" The feeds outside are not asked for it for {minutes} minutes."
    said = [
        f"{_name(row)}: {money(row.price)} at {moment(row.updated_at)}" for row in sources_of(market.symbol)
    ]
    marked = [f"Marked at once: {perpetuals}"] if perpetuals else []
    return Question(f"Set the price of {market}", text, [*said, *marked], "Set price", back, is_grave=True)


def _name(row: IndexSource) -> str:
    return Price.Source(row.source).label
