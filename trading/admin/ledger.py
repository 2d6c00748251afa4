"""Balances, ledger transactions and postings: looked at, never edited. An adjustment is made on a user's page."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.ledger import Entry, imbalance
from accounts.models import Balance, LedgerTransaction, Posting
from common.money import format_decimal
from trading.admin import search
from trading.admin.cells import NOTHING, Cell, Column, Panel, link, moment, money, owner, person
from trading.admin.filters import AssetFilter
from trading.admin.read_only import ReadOnlyAdmin

OWNER_HELP = "User name, e-mail address, account such as user:7 or fees:BTC-USDT"
# More than any transaction of ours has; a page must stay a page.
MOST_POSTINGS = 500


@admin.register(Balance)
class BalanceAdmin(ReadOnlyAdmin):
    list_display = ("id", "belongs_to", "asset", "available_amount", "held_amount", "total_amount")
    list_select_related = ("account__user", "account__owner__user")
    list_filter = (AssetFilter,)
    search_fields = ("asset",)
    search_help_text = f"{OWNER_HELP}, asset or id"
    fields = ("belongs_to", "asset", "available_amount", "held_amount", "total_amount", "overdraft")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        meanings = search.by_number("pk"), search.by_asset(), search.by_owner("account_id")
        return search.narrow(queryset, search_term, *meanings), False

    @admin.display(description="Account")
    def belongs_to(self, row: Balance) -> Cell:
        return owner(row.account)

    @admin.display(description="Available")
    def available_amount(self, row: Balance) -> str:
        return money(row.available)

    @admin.display(description="Held")
    def held_amount(self, row: Balance) -> str:
        return money(row.held)

    @admin.display(description="Total")
    def total_amount(self, row: Balance) -> str:
        return money(row.available + row.held)


@admin.register(Posting)
class PostingAdmin(ReadOnlyAdmin):
    list_display = ("id", "time", "of_transaction", "belongs_to", "asset", "signed_amount", "why")
    list_select_related = ("transaction", "account__user", "account__owner__user")
    list_filter = (AssetFilter,)
    search_fields = ("asset",)
    search_help_text = f"{OWNER_HELP}, asset, kind, id of a posting or transaction"
    fields = ("time", "of_transaction", "belongs_to", "asset", "signed_amount", "why")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        meanings = (
            search.by_number("pk", "transaction_id"),
            search.by_asset(),
            search.by_choice("transaction__kind", LedgerTransaction.Kind.values),
            search.by_owner("account_id"),
        )
        return search.narrow(queryset, search_term, *meanings), False

    @admin.display(description="Time (UTC)")
    def time(self, row: Posting) -> str:
        return moment(row.transaction.created_at)

    @admin.display(description="Transaction")
    def of_transaction(self, row: Posting) -> Cell:
        return link("accounts_ledgertransaction", row.transaction_id, row.transaction)

    @admin.display(description="Account")
    def belongs_to(self, row: Posting) -> Cell:
        return owner(row.account)

    @admin.display(description="Amount")
    def signed_amount(self, row: Posting) -> str:
        return format_decimal(row.amount)

    @admin.display(description="Reason")
    def why(self, row: Posting) -> str:
        return row.transaction.reason or NOTHING


@admin.register(LedgerTransaction)
class LedgerTransactionAdmin(ReadOnlyAdmin):
    change_form_template = "admin/with_panels.html"
    list_display = ("id", "time", "kind", "about", "reason", "by")
    list_select_related = ("actor",)
    list_filter = ("kind",)
    search_fields = ("kind",)
    search_help_text = f"{OWNER_HELP} (their newest), kind or id"
    fields = ("time", "kind", "about", "reason", "by")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        meanings = (
            search.by_number("pk"),
            search.by_choice("kind", LedgerTransaction.Kind.values),
            search.newest_with_postings_of,
        )
        return search.narrow(queryset, search_term, *meanings), False

    @admin.display(description="Time (UTC)")
    def time(self, row: LedgerTransaction) -> str:
        return moment(row.created_at)

    @admin.display(description="About")
    def about(self, row: LedgerTransaction) -> Cell:
        if row.kind == LedgerTransaction.Kind.TRADE and row.reference.isdigit():
            return link("trading_trade", row.reference, f"trade {row.reference}")
        if row.kind == LedgerTransaction.Kind.ADJUSTMENT:
            return NOTHING  # its reference only keeps a form from being posted twice
        return row.reference or NOTHING

    @admin.display(description="By")
    def by(self, row: LedgerTransaction) -> Cell:
        return person(row.actor)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is not None:
            extra_context = {**(extra_context or {}), "panels": [_postings(row)]}
        return super().change_view(request, object_id, form_url, extra_context)


def _postings(transaction: LedgerTransaction) -> Panel:
    """The transaction's postings, and what they sum to: zero in every asset, or the ledger is broken."""
    rows = list(
        transaction.postings.select_related("account__user", "account__owner__user").order_by("id")[
            :MOST_POSTINGS
        ]
    )
    cells: list[list[Cell]] = [
        [link("accounts_posting", row.pk, row.pk), owner(row.account), row.asset, format_decimal(row.amount)]
        for row in rows
    ]
    columns = [Column("Posting"), Column("Account"), Column("Asset"), Column("Amount", True)]
    return Panel("Postings", columns, cells, "No postings.", note=_sums(rows))


def _sums(rows: list[Posting]) -> str:
    if len(rows) == MOST_POSTINGS:
        return f"The first {MOST_POSTINGS} postings."
    off = imbalance(Entry(row.account_id, row.asset, row.amount) for row in rows)
    sums = {row.asset: off.get(row.asset, Decimal(0)) for row in rows}
    return "Sum: " + ", ".join(f"{format_decimal(total)} {asset}" for asset, total in sorted(sums.items()))
