"""Pages to look at and not to write on, for superusers too."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from trading.admin.paginator import BoundedPaginator


class PlainTitles(admin.ModelAdmin):
    """Pages are called what they show: "Orders" and "Order 7", not "Select order to view"."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        title = {"title": f"{capfirst(str(self.opts.verbose_name))} {object_id}", "subtitle": ""}
        return super().change_view(request, object_id, form_url, {**title, **(extra_context or {})})


class LargeTableAdmin(PlainTitles):
    """A list that stays quick with millions of rows: newest first by key, bounded pages, no counts."""

    ordering = ("-pk",)
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()
    list_per_page = 50
    list_max_show_all = 0
    view_on_site = False


class ReadOnlyAdmin(LargeTableAdmin):
    """Nobody adds, changes or deletes here; what can be done stands as a named action beside it."""

    actions: Any = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
