"""Prices from outside: looked at."""

from django.contrib import admin

from market.models import Price
from trading.admin.cells import moment, money
from trading.admin.read_only import ReadOnlyAdmin


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    list_display = ("market", "index_price", "source", "updated", "leased")
    list_display_links = None
    list_select_related = ("market",)
    list_filter = ("source",)
    ordering = ("market__symbol",)

    @admin.display(description="Index price")
    def index_price(self, price: Price) -> str:
        return money(price.index)

    @admin.display(description="Updated (UTC)")
    def updated(self, price: Price) -> str:
        return moment(price.updated_at)

    @admin.display(description="Set by a replay until")
    def leased(self, price: Price) -> str:
        return moment(price.leased_until)
