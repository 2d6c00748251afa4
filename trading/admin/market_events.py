"""A market's newest events, in pages by sequence: what the book is made of, straight from the log."""

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from market.models import Market
from trading.admin.cells import Panel
from trading.admin.event_cells import COLUMNS, rows_of
from trading.admin.search import number
from trading.selectors.order_events import newest_events

PAGE = 100


def events_page(page: admin.ModelAdmin, request: HttpRequest, market: Market) -> HttpResponse:
    """Raises Http404 if `before` in the address is not a sequence."""
    text = request.GET.get("before")
    before = None if text is None else number(text)
    if text is not None and before is None:
        raise Http404
    events = newest_events(market.pk, before, PAGE)
    context = {
        **page.admin_site.each_context(request),
        "title": f"Events of {market}",
        "opts": page.opts,
        "market": market,
        "panel": Panel("", COLUMNS, rows_of(market, events), "No events."),
        "is_newest": before is None,
        "older": events[-1].sequence if events and events[-1].sequence > 1 else None,
    }
    return TemplateResponse(request, "admin/market/market/events.html", context)
