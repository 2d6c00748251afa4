"""Filters whose choices cost nothing to list."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from market.models import Asset
from trading.models import Order


class SuspendedFilter(admin.SimpleListFilter):
    title = parameter_name = "suspended"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() in ("yes", "no"):
            return queryset.filter(suspended_at__isnull=self.value() == "no")
        return queryset


class AssetFilter(admin.SimpleListFilter):
    title = parameter_name = "asset"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, code) for code in Asset.objects.order_by("code").values_list("code", flat=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(asset=self.value()) if self.value() else queryset


class OrderStateFilter(admin.SimpleListFilter):
    """Open means in the book, filled in part or not."""

    title, parameter_name = "status", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), *((s.value, s.label) for s in Order.Status if s is not Order.Status.OPEN)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "open":
            return queryset.filter(status__in=Order.OPEN_STATUSES)
        return queryset.filter(status=self.value()) if self.value() else queryset
