"""Markets and assets: added, fees and limits edited, markets opened, halted and brought to the states between."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.errors import Refused
from market.models import Asset, Market
from trading.admin.all_markets import all_markets_page, buttons
from trading.admin.cells import moment, money, tag
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
from trading.admin.market_events import events_page
from trading.admin.market_forms import AddMarketForm, AssetForm, EditMarketForm
from trading.admin.read_only import PlainTitles
from trading.admin.reasoned_change import REASON, ReasonedAdmin
from trading.services import open_market, set_market_status

Status = Market.Status

# What the button says, and what it does.
CHANGES = {
    Status.OPEN: (
        "Open",
        "Orders are taken and matched from now on. A halted market first collects orders for as long as its rules "
        "say and trades them at one price; a call auction under way ends now.",
    ),
    Status.POST_ONLY: (
        "Set to post-only",
        "Only orders that cannot trade at once are taken, and cancels; nothing else is matched.",
    ),
    Status.CANCEL_ONLY: (
        "Set to cancel-only",
        "New orders and amends are refused; open orders stay in the book and can be cancelled.",
    ),
    Status.HALTED: (
        "Halt",
        "New orders and amends are refused; open orders stay in the book and can be cancelled.",
    ),
    Status.AUCTION: (
        "Start a call auction",
        "Orders are collected and nothing is matched until the market is opened; then all that cross trade at one "
        "price.",
    ),
}
_COLOURS = {Status.OPEN: "good", Status.HALTED: "bad"}


@admin.register(Market)
class MarketAdmin(ReasonedAdmin, PlainTitles):
    change_list_template = "admin/market/market/change_list.html"
    change_form_template = "admin/market/market/change_form.html"
    list_display = ("symbol", "state", "tick_size", "lot_size", "least_notional", "fees", "log")
    list_select_related = ("base", "quote")
    ordering = ("symbol",)
    actions = ("open_selected", "cancel_only_selected", "halt_selected")
    show_facets = admin.ShowFacets.NEVER
    readonly_fields = ("symbol", "state", "tick_size", "lot_size")

    @admin.display(description="Status")
    def state(self, market: Market) -> SafeString:
        text = market.get_status_display()
        if market.auction_ends_at is not None:
            text += f" until {moment(market.auction_ends_at)}"
        return tag(text, _COLOURS.get(Status(market.status), "warn"))

    @admin.display(description="Tick")
    def tick_size(self, market: Market) -> str:
        return f"{money(market.tick)} {market.quote_id}"

    @admin.display(description="Lot")
    def lot_size(self, market: Market) -> str:
        return f"{money(market.lot)} {market.base_id}"

    @admin.display(description="Minimum notional")
    def least_notional(self, market: Market) -> str:
        return f"{money(market.minimum_notional)} {market.quote_id}"

    @admin.display(description="Maker / taker fee")
    def fees(self, market: Market) -> str:
        return f"{money(market.maker_fee * 100)} % / {money(market.taker_fee * 100)} %"

    @admin.display(description="Log")
    def log(self, market: Market) -> SafeString:
        return format_html('<a href="{}">Events</a>', reverse("admin:market_market_events", args=[market.pk]))

    @admin.action(description="Open selected markets", permissions=["change"])
    def open_selected(self, request: HttpRequest, rows: QuerySet[Market]) -> HttpResponse | None:
        return to_confirmation(self, request, rows, "admin:market_market_status", to=Status.OPEN)

    @admin.action(description="Set selected markets to cancel-only", permissions=["change"])
    def cancel_only_selected(self, request: HttpRequest, rows: QuerySet[Market]) -> HttpResponse | None:
        return to_confirmation(self, request, rows, "admin:market_market_status", to=Status.CANCEL_ONLY)

    @admin.action(description="Halt selected markets", permissions=["change"])
    def halt_selected(self, request: HttpRequest, rows: QuerySet[Market]) -> HttpResponse | None:
        return to_confirmation(self, request, rows, "admin:market_market_status", to=Status.HALTED)

    # ---- forms ----

    def get_form(
        self, request: HttpRequest, obj: Market | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        kwargs["form"] = EditMarketForm if obj else AddMarketForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Market | None = None) -> Any:
        if obj is None:
            return AddMarketForm.Meta.fields
        shown = [*self.readonly_fields, *EditMarketForm.Meta.fields]
        return [*shown, REASON] if self.has_change_permission(request, obj) else shown

    def get_readonly_fields(self, request: HttpRequest, obj: Market | None = None) -> Any:
        return self.readonly_fields if obj else ()

    def save_model(self, request: HttpRequest, obj: Market, form: Any, change: bool) -> None:
        obj.full_clean()
        super().save_model(request, obj, form, change)
        open_market(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: the log and the ledger refer to it. Halt it instead."""
        return False

    # ---- all markets at once ----

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if self.has_change_permission(request):
            extra_context = {**(extra_context or {}), "all_markets_buttons": buttons()}
        return super().changelist_view(request, extra_context)

    def all_markets_view(self, request: HttpRequest, verb: str) -> HttpResponse:
        return all_markets_page(self, request, verb)

    # ---- one market's page ----

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        market = self.get_object(request, object_id)
        if market is not None and self.has_change_permission(request, market):
            buttons = [
                (text, chosen_url("admin:market_market_status", market.pk, to=status))
                for status, (text, _) in CHANGES.items()
                if status != market.status
            ]
            extra_context = {**(extra_context or {}), "status_buttons": buttons, "title": market.symbol}
        return super().change_view(request, object_id, form_url, extra_context)

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own = [
            path("status/", wrap(self.status_view), name="market_market_status"),
            path("all/<str:verb>/", wrap(self.all_markets_view), name="market_market_all"),
            path("<int:market_id>/events/", wrap(self.events_view), name="market_market_events"),
        ]
        return own + super().get_urls()

    def events_view(self, request: HttpRequest, market_id: int) -> HttpResponse:
        market = self.get_object(request, str(market_id))
        if market is None:
            raise Http404
        if not (
            self.has_view_permission(request, market) and request.user.has_perm("trading.view_orderevent")
        ):
            raise PermissionDenied
        return events_page(self, request, market)

    def status_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        status = request.GET.get("to", "")
        if status not in Status.values:
            raise Http404
        markets = chosen(request, self.get_queryset(request))
        back = reverse("admin:market_market_changelist")
        form = ReasonForm(filled_in(request))
        if request.method == "POST" and form.is_valid():
            for market in markets:
                self._set_status(request, market, status, form.cleaned_data["reason"])
            return redirect(back)
        button, text = CHANGES[Status(status)]
        symbols = [market.symbol for market in markets]
        title = f"{button}: {', '.join(symbols)}"
        grave = status != Status.OPEN
        return ask(self, request, form, Question(title, text, [], button, back, is_grave=grave))

    def _set_status(self, request: HttpRequest, market: Market, status: str, reason: str) -> None:
        by: Any = request.user
        try:
            ends = 0 if (market.status, status) == (Status.AUCTION, Status.OPEN) else None
            changed = set_market_status(market.symbol, status, by, reason, auction_seconds=ends)
        except Refused as refused:
            messages.error(request, f"{market}: {in_words(refused)}")
            return
        messages.success(request, f"{market} is {changed.get_status_display().lower()} now.")


@admin.register(Asset)
class AssetAdmin(PlainTitles):
    form = AssetForm
    list_display = ("code", "name", "precision")
    ordering = ("code",)
    show_facets = admin.ShowFacets.NEVER

    def get_readonly_fields(self, request: HttpRequest, obj: Asset | None = None) -> Any:
        """The ledger counts in an asset's smallest unit, and knows it by its code."""
        return ("code", "precision") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
