"""Trades: looked at."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from trading.admin import search
from trading.admin.cells import Cell, link, moment, money, owner, side
from trading.admin.ledger import OWNER_HELP
from trading.admin.read_only import ReadOnlyAdmin
from trading.models import Trade


@admin.register(Trade)
class TradeAdmin(ReadOnlyAdmin):
    list_display = ("id", "time", "market", "at_price", "amount", "worth", "taker_did", "taker", "maker")
    list_select_related = ("market", "taker_account__user", "maker_account__user")
    list_filter = ("market",)
    search_fields = ("id",)
    search_help_text = f"{OWNER_HELP}, id of a trade or of an order"
    fields = (
        ("time", "market", "sequence"),
        ("at_price", "amount", "worth"),
        ("taker", "taker_did", "taker_order_link", "taker_paid"),
        ("maker", "maker_order_link", "maker_paid"),
        "transaction",
    )  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        meanings = (
            search.by_number("pk", "taker_order_id", "maker_order_id"),
            search.by_owner("taker_account_id", "maker_account_id"),
        )
        return search.narrow(queryset, search_term, *meanings), False

    @admin.display(description="Time (UTC)")
    def time(self, trade: Trade) -> str:
        return moment(trade.created_at)

    @admin.display(description="Price")
    def at_price(self, trade: Trade) -> str:
        return f"{money(trade.price)} {trade.market.quote_id}"

    @admin.display(description="Quantity")
    def amount(self, trade: Trade) -> str:
        return f"{money(trade.quantity)} {trade.market.base_id}"

    @admin.display(description="Cost")
    def worth(self, trade: Trade) -> str:
        return f"{money(trade.cost)} {trade.market.quote_id}"

    @admin.display(description="Taker's side")
    def taker_did(self, trade: Trade) -> Cell:
        return side(trade.taker_side)

    @admin.display(description="Taker")
    def taker(self, trade: Trade) -> Cell:
        return owner(trade.taker_account)

    @admin.display(description="Maker")
    def maker(self, trade: Trade) -> Cell:
        return owner(trade.maker_account)

    @admin.display(description="Taker's order")
    def taker_order_link(self, trade: Trade) -> Cell:
        return link("trading_order", trade.taker_order_id, trade.taker_order_id)

    @admin.display(description="Maker's order")
    def maker_order_link(self, trade: Trade) -> Cell:
        return link("trading_order", trade.maker_order_id, trade.maker_order_id)

    @admin.display(description="Taker's fee")
    def taker_paid(self, trade: Trade) -> str:
        return f"{money(trade.taker_fee)} {trade.fee_assets[0]}"

    @admin.display(description="Maker's fee")
    def maker_paid(self, trade: Trade) -> str:
        return f"{money(trade.maker_fee)} {trade.fee_assets[1]}"

    @admin.display(description="Ledger transaction")
    def transaction(self, trade: Trade) -> Cell:
        return link("accounts_ledgertransaction", trade.ledger_transaction_id, trade.ledger_transaction_id)
