"""Liquidations with their every step: looked at."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from risk.models import Liquidation, LiquidationStep
from trading.admin import search
from trading.admin.cells import NOTHING, Cell, Column, Panel, link, moment, money, owner, signed, tag
from trading.admin.ledger import OWNER_HELP
from trading.admin.read_only import ReadOnlyAdmin

_COLOURS = {Liquidation.Status.LIQUIDATING: "bad", Liquidation.Status.WARNED: "warn"}


@admin.register(Liquidation)
class LiquidationAdmin(ReadOnlyAdmin):
    change_form_template = "admin/with_panels.html"
    list_display = ("id", "belongs_to", "about", "state", "had", "needed", "steps_taken", "began", "ended")
    list_select_related = ("account__user", "account__owner__user", "market")
    list_filter = ("status",)
    search_fields = ("id",)
    search_help_text = f"{OWNER_HELP}, state or id"
    fields = (("belongs_to", "about", "state"), ("had", "needed"), ("began", "ended"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        meanings = (
            search.by_number("pk"),
            search.by_choice("status", Liquidation.Status.values),
            search.by_owner("account_id"),
        )
        return search.narrow(queryset, search_term, *meanings), False

    @admin.display(description="Account")
    def belongs_to(self, row: Liquidation) -> Cell:
        return owner(row.account)

    @admin.display(description="Of")
    def about(self, row: Liquidation) -> str:
        if row.market is not None:
            return f"{row.market.symbol}, isolated"
        return "loans" if row.account.owner_id else "all cross positions"

    @admin.display(description="State")
    def state(self, row: Liquidation) -> Cell:
        return tag(row.status, _COLOURS.get(Liquidation.Status(row.status), "good"))

    @admin.display(description="Equity when it began")
    def had(self, row: Liquidation) -> str:
        return money(row.equity)

    @admin.display(description="Maintenance margin then")
    def needed(self, row: Liquidation) -> str:
        return money(row.maintenance_margin)

    @admin.display(description="Began (UTC)")
    def began(self, row: Liquidation) -> str:
        return moment(row.started_at)

    @admin.display(description="Ended (UTC)")
    def ended(self, row: Liquidation) -> str:
        return moment(row.ended_at)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is not None:
            extra_context = {**(extra_context or {}), "panels": [_steps(row)]}
        return super().change_view(request, object_id, form_url, extra_context)


def _steps(row: Liquidation) -> Panel:
    steps = LiquidationStep.objects.filter(liquidation=row).select_related("market").order_by("number")
    columns = [
        Column("Step"), Column("Time (UTC)"), Column("What"), Column("Market"), Column("Mark", True),
        Column("Bankruptcy", True), Column("Quantity", True), Column("For", True), Column("To insurance", True),
        Column("Equity before", True), Column("Maintenance before", True), Column("Order"),
    ]  # fmt: skip
    return Panel("Steps", columns, [_cells(step) for step in steps], "No step yet.")


def _cells(step: LiquidationStep) -> list[Cell]:
    order = NOTHING if step.order_id is None else link("trading_order", step.order_id, step.order_id)
    return [
        str(step.number), moment(step.created_at), step.get_kind_display(),
        step.market.symbol if step.market else NOTHING, money(step.mark_price), money(step.bankruptcy_price),
        money(step.quantity) if step.quantity else NOTHING, money(step.notional) if step.notional else NOTHING,
        signed(step.to_insurance) if step.to_insurance else NOTHING, money(step.equity),
        money(step.maintenance_margin), order,
    ]  # fmt: skip
