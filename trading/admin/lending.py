"""Lending on margin accounts: its terms are edited, with a reason; loans are looked at."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from common.money import format_decimal
from market.models import Asset
from risk.models import InterestCharge, LendingTerms, Loan
from risk.selectors.lending import pool_free
from trading.admin import search
from trading.admin.cells import Cell, Column, Panel, link, moment, money, owner, tag
from trading.admin.fields import AmountField
from trading.admin.filters import AssetFilter
from trading.admin.read_only import PlainTitles, ReadOnlyAdmin
from trading.admin.reasoned_change import ReasonedAdmin, ReasonedForm

SHOWN = 50
_FINEST = Decimal("0.000001")


class _Share(AmountField):
    def __init__(self, *, least: Decimal = _FINEST, most: str = "0.999999", **kwargs: Any) -> None:
        super().__init__(decimals=6, least=least, most=Decimal(most), **kwargs)


class LendingTermsForm(ReasonedForm):
    """They hold from the next request, and the next hour of interest, on."""

    hourly_rate = AmountField(
        decimals=10, most=Decimal("0.01"), help_text="Interest for each hour begun: 0.00001 is 8.76 % a year"
    )
    haircut = _Share(least=Decimal(0), help_text="Share of its value that does not count as collateral")
    maintenance_rate = _Share(help_text="Equity that a debt in it needs, as a share of the debt")
    price_bound = _Share(help_text="How far from the index price a liquidation may trade it")
    liquidation_fee = _Share(
        least=Decimal(0), most="0.1", help_text="Of what a liquidation gets for it, for the insurance fund"
    )
    maximum = AmountField(
        most=Decimal(10**15), help_text="Most that one account may borrow; 0: it is not lent"
    )

    class Meta:
        model = LendingTerms
        fields = (
            "asset", "hourly_rate", "haircut", "maintenance_rate", "price_bound", "liquidation_fee", "maximum",
        )  # fmt: skip

    def clean_asset(self) -> Asset:
        asset: Asset = self.cleaned_data["asset"]
        if not self.instance._state.adding and asset.pk != self.instance.asset_id:
            raise ValidationError("The terms of one asset do not become those of another.")
        return asset


@admin.register(LendingTerms)
class LendingTermsAdmin(ReasonedAdmin, PlainTitles):
    form = LendingTermsForm
    list_display = ("asset", "rate", "cut", "maintenance", "most", "free")
    ordering = ("asset",)
    show_facets = admin.ShowFacets.NEVER

    @admin.display(description="Hourly rate")
    def rate(self, terms: LendingTerms) -> str:
        return money(terms.hourly_rate)

    @admin.display(description="Haircut")
    def cut(self, terms: LendingTerms) -> str:
        return money(terms.haircut)

    @admin.display(description="Maintenance")
    def maintenance(self, terms: LendingTerms) -> str:
        return money(terms.maintenance_rate)

    @admin.display(description="Most for one account")
    def most(self, terms: LendingTerms) -> str:
        return money(terms.maximum)

    @admin.display(description="Left in the pool")
    def free(self, terms: LendingTerms) -> str:
        return money(pool_free(terms.asset_id))

    def get_readonly_fields(self, request: HttpRequest, obj: LendingTerms | None = None) -> Any:
        return ("asset",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: loans may stand on them. A maximum of zero ends the lending."""
        return False


@admin.register(Loan)
class LoanAdmin(ReadOnlyAdmin):
    change_form_template = "admin/with_panels.html"
    list_display = ("id", "belongs_to", "asset", "state", "owed_principal", "owed_interest", "opened")
    list_select_related = ("account__owner__user",)
    list_filter = (AssetFilter,)
    search_fields = ("asset",)
    search_help_text = "User name, e-mail address, account such as margin:7, asset or id"
    fields = (
        "belongs_to", "asset", "state", "owed_principal", "owed_interest", "charged", "opened", "charged_until",
        "closed",
    )  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        meanings = search.by_number("pk"), search.by_asset(), search.by_owner("account_id")
        return search.narrow(queryset, search_term, *meanings), False

    @admin.display(description="Account")
    def belongs_to(self, loan: Loan) -> Cell:
        return owner(loan.account)

    @admin.display(description="State")
    def state(self, loan: Loan) -> Cell:
        return tag("Open", "warn") if loan.closed_at is None else tag("Closed", "good")

    @admin.display(description="Principal")
    def owed_principal(self, loan: Loan) -> str:
        return money(loan.principal)

    @admin.display(description="Interest due")
    def owed_interest(self, loan: Loan) -> str:
        return money(loan.interest)

    @admin.display(description="Interest charged")
    def charged(self, loan: Loan) -> str:
        return money(loan.interest_charged)

    @admin.display(description="Opened (UTC)")
    def opened(self, loan: Loan) -> str:
        return moment(loan.opened_at)

    @admin.display(description="Charged until (UTC)")
    def charged_until(self, loan: Loan) -> str:
        return moment(loan.accrued_until)

    @admin.display(description="Closed (UTC)")
    def closed(self, loan: Loan) -> str:
        return moment(loan.closed_at)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        loan = self.get_object(request, object_id)
        if loan is not None:
            extra_context = {**(extra_context or {}), "panels": [_charges(loan)]}
        return super().change_view(request, object_id, form_url, extra_context)


def _charges(loan: Loan) -> Panel:
    rows: list[list[Cell]] = [
        [
            moment(row.starts_at), str(row.hours), format_decimal(row.principal), format_decimal(row.hourly_rate),
            format_decimal(row.amount), _transaction(row),
        ]
        for row in InterestCharge.objects.filter(loan=loan).order_by("-id")[:SHOWN]
    ]  # fmt: skip
    columns = [
        Column("From"), Column("Hours", True), Column("On", True), Column("Hourly rate", True),
        Column("Interest", True), Column("Transaction"),
    ]  # fmt: skip
    return Panel("Newest interest", columns, rows, "No interest yet.")


def _transaction(row: InterestCharge) -> Cell:
    number = row.ledger_transaction_id
    return money(None) if number is None else link("accounts_ledgertransaction", number, number)
