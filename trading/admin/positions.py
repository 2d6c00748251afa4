"""Positions in perpetuals: looked at, with what they would need. Written by the matching service alone."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse

from market.models import Market
from risk.models import Position
from risk.selectors import OpenPosition, liquidations, perpetual_accounts, places_in_line
from risk.selectors.positions import shown_position
from trading.admin import search
from trading.admin.cells import NOTHING, Cell, Column, Panel, link, moment, money, owner, side, signed, tag
from trading.admin.ledger import OWNER_HELP
from trading.admin.read_only import ReadOnlyAdmin

SHOWN = 10
_SIZES = (1_000, 10_000, 100_000, 1_000_000)  # notional at entry, in quote


class ContractFilter(admin.SimpleListFilter):
    title, parameter_name = "market", "market"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = Market.objects.filter(kind=Market.Kind.PERPETUAL).order_by("symbol")
        return [(symbol, symbol) for symbol in rows.values_list("symbol", flat=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(market__symbol=self.value()) if self.value() else queryset


class SideFilter(admin.SimpleListFilter):
    title, parameter_name = "side", "side"
    _conditions = {"open": ~Q(size=0), "long": Q(size__gt=0), "short": Q(size__lt=0), "flat": Q(size=0)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Long or short"), ("long", "Long"), ("short", "Short"), ("flat", "Nothing open")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        condition = self._conditions.get(self.value() or "")
        return queryset if condition is None else queryset.filter(condition)


class SizeFilter(admin.SimpleListFilter):
    title, parameter_name = "size at entry", "size"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(amount), f"From {amount:,}") for amount in _SIZES]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        chosen = self.value() or ""
        if chosen not in [str(amount) for amount in _SIZES]:
            return queryset
        least = Decimal(chosen)
        return queryset.filter(Q(cost__gte=least) | Q(cost__lte=-least))


@admin.register(Position)
class PositionAdmin(ReadOnlyAdmin):
    change_form_template = "admin/with_panels.html"
    list_display = (
        "belongs_to", "market", "which_side", "how_much", "entry", "mark", "liquidation", "profit", "factor",
        "bound", "page",
    )  # fmt: skip
    list_display_links = None
    list_select_related = ("account__user", "account__owner__user", "market")
    list_filter = (ContractFilter, SideFilter, SizeFilter)
    search_fields = ("id",)
    search_help_text = f"{OWNER_HELP}, or id"
    fields = (
        ("belongs_to", "market", "which_side", "how_much"),
        ("entry", "mark", "liquidation", "bankruptcy"),
        ("factor", "bound", "maintenance", "worth_risked"),
        ("profit", "realised", "fees", "funding"),
        ("looked_at_from", "in_line", "updated"),
    )  # fmt: skip

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """What each row of the page needs is read at once."""
        page = super().get_changelist_instance(request)
        rows = list(page.result_list)
        accounts = perpetual_accounts(row.account_id for row in rows)
        for row in rows:
            row.seen = shown_position(accounts[row.account_id], row.market_id, None)
        page.result_list = rows
        return page

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row: Any = super().get_object(request, object_id, from_field)
        if row is not None:
            place = places_in_line(row.account_id).get(row.market_id)
            accounts = perpetual_accounts([row.account_id])
            row.seen = shown_position(accounts[row.account_id], row.market_id, place)
        return row

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        meanings = search.by_number("pk"), search.by_owner("account_id")
        return search.narrow(queryset, search_term, *meanings), False

    @admin.display(description="Account")
    def belongs_to(self, row: Any) -> Cell:
        return owner(row.account)

    @admin.display(description="Side")
    def which_side(self, row: Any) -> Cell:
        return side(row.seen.side) if row.seen.side else NOTHING

    @admin.display(description="Size")
    def how_much(self, row: Any) -> str:
        return f"{money(row.seen.size)} {row.market.base_id}"

    @admin.display(description="Entry price")
    def entry(self, row: Any) -> str:
        return money(row.seen.entry_price)

    @admin.display(description="Mark price")
    def mark(self, row: Any) -> str:
        return money(row.seen.mark_price)

    @admin.display(description="Liquidation price")
    def liquidation(self, row: Any) -> str:
        return money(row.seen.liquidation_price)

    @admin.display(description="Bankruptcy price")
    def bankruptcy(self, row: Any) -> str:
        return money(row.seen.bankruptcy_price)

    @admin.display(description="Unrealised profit")
    def profit(self, row: Any) -> Cell:
        return signed(row.seen.unrealised_profit)

    @admin.display(description="Leverage")
    def factor(self, row: Any) -> str:
        return f"{row.leverage}x {row.mode}"

    @admin.display(description="Margin")
    def bound(self, row: Any) -> str:
        return money(row.requirement + row.isolated_margin)

    @admin.display(description="Maintenance margin")
    def maintenance(self, row: Any) -> str:
        return money(row.seen.maintenance_margin)

    @admin.display(description="Exposure")
    def worth_risked(self, row: Any) -> str:
        return money(row.exposure)

    @admin.display(description="Realised profit")
    def realised(self, row: Any) -> Cell:
        return signed(row.realised_profit)

    @admin.display(description="Fees paid")
    def fees(self, row: Any) -> str:
        return money(row.fees_paid)

    @admin.display(description="Funding paid")
    def funding(self, row: Any) -> str:
        return money(row.seen.funding_paid)

    @admin.display(description="Looked at from")
    def looked_at_from(self, row: Any) -> str:
        return money(row.watch_price)

    @admin.display(description="Place in the line of deleveraging")
    def in_line(self, row: Any) -> str:
        seen: OpenPosition = row.seen
        return f"{seen.deleverage_place} of {seen.deleverage_of}" if seen.deleverage_place else NOTHING

    @admin.display(description="Updated (UTC)")
    def updated(self, row: Any) -> str:
        return moment(row.updated_at)

    @admin.display(description="")
    def page(self, row: Any) -> Cell:
        return link("risk_position", row.pk, "More")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is not None:
            panels = [_liquidations(row)] if request.user.has_perm("risk.view_liquidation") else []
            title = f"{row.market.symbol} of {row.account.user or row.account}"
            extra_context = {**(extra_context or {}), "panels": panels, "title": title}
        return super().change_view(request, object_id, form_url, extra_context)


def _liquidations(row: Position) -> Panel:
    found = liquidations(row.account_id)[:SHOWN]
    rows: list[list[Cell]] = [
        [
            link("risk_liquidation", each.pk, each.pk), each.market.symbol if each.market else "all cross",
            tag(each.status, "good" if each.ended_at else "warn"), str(each.steps_taken), moment(each.started_at),
        ]
        for each in found
    ]  # fmt: skip
    columns = [
        Column("Liquidation"),
        Column("Of"),
        Column("State"),
        Column("Steps", True),
        Column("Began (UTC)"),
    ]
    return Panel("Warnings and liquidations of the account", columns, rows, "There never were any.")
