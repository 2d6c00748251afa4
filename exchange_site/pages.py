"""The pages for people: all markets at `/`, one market at `/trade/<symbol>`, what guards one's account at
`/security`, the key figures for staff at `/kpi`.

The server fills in only what a market is; everything that moves comes to the page through the API and the
WebSockets, the same doors that programs use.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common.errors import Refused
from common.money import format_decimal
from kpi.windows import LENGTHS
from market.models import Market
from market.selectors import market_by_symbol, markets

# No script, style or picture but our own files, nothing inline; only our sockets and API to talk to.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "connect-src 'self' ws: wss:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
INTERVALS = ["1s", "1m", "5m", "15m", "1h"]
FIRST_INTERVAL = "1m"
LEVERAGES = [1, 2, 3, 5, 10, 20]  # to choose from; what one may have, the exchange says
SHARES = ["25", "50", "75", "100"]  # of the available balance, in per cent
KPI_SECTIONS = [("system", "System"), ("trading", "Trading"), ("security", "Security")]
DEMO_LOGINS = ["alice", "bob", "carol", "admin"]

View = Callable[..., HttpResponse]


def with_policy(view: View) -> View:
    """Send the Content-Security-Policy with the page, and keep no copy of it on the way."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response["Cache-Control"] = "no-cache"
        return response

    return wrapped


@require_safe
@with_policy
def home(request: HttpRequest) -> HttpResponse:
    """All markets with their 24-hour figures."""
    return render(request, "home.html", _shared() | {"on_home": True})


@require_safe
@with_policy
def trade(request: HttpRequest, symbol: str) -> HttpResponse:
    """The trading page of one market; for an unknown symbol a 404 page that names the markets there are."""
    try:
        market = market_by_symbol(symbol)
    except Refused:
        return render(request, "404.html", _shared() | {"symbol": symbol[:24]}, status=404)
    page = {
        "market": market_rules(market),
        "intervals": INTERVALS,
        "first": FIRST_INTERVAL,
        "shares": SHARES,
        "leverages": LEVERAGES,
        "is_perpetual": market.kind == Market.Kind.PERPETUAL,
    }
    return render(request, "trade.html", _shared() | page)


@require_safe
@with_policy
def kpi(request: HttpRequest) -> HttpResponse:
    """The key figures. What is here is for everybody; the figures come from the API, which answers staff only."""
    return render(
        request, "kpi.html", _shared() | {"on_kpi": True, "sections": KPI_SECTIONS, "windows": list(LENGTHS)}
    )


@require_safe
@with_policy
def security(request: HttpRequest) -> HttpResponse:
    """Second factor, password, sessions and API keys of whoever signs in on the page."""
    return render(request, "security.html", _shared() | {"on_security": True})


def market_rules(market: Market) -> dict[str, str | int]:
    """What the page has to know of a market; amounts as the API writes them."""
    return {
        "symbol": market.symbol,
        "kind": market.kind,
        "base": market.base_id,
        "quote": market.quote_id,
        "status": market.status,
        "status_text": market.get_status_display(),
        "tick": format_decimal(market.tick),
        "lot": format_decimal(market.lot),
        "minimum_notional": format_decimal(market.minimum_notional),
        "maker_fee": format_decimal(market.maker_fee),
        "taker_fee": format_decimal(market.taker_fee),
        "base_precision": market.base.precision,
        "quote_precision": market.quote.precision,
        "price_decimals": len(format_decimal(market.tick).partition(".")[2]),
    }


def _shared() -> dict[str, Any]:
    """For every page: the markets, and the demo's logins if this is one."""
    return {
        "markets": [market_rules(market) for market in markets()],
        "demo": settings.DEMO,
        "demo_logins": DEMO_LOGINS if settings.DEMO else [],
    }
