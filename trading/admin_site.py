"""The admin's site: its name, and the operator's summary on its first page.

Beside the package trading/admin and not in it: Django makes the site first and then imports that package,
which registers its pages on it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib.admin import AdminSite
from django.db.models import F, Sum
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.models import Balance, User
from common.money import format_decimal
from market.models import Market
from trading.models import Order
from trading.selectors.market_data import tickers


class OperatorsSite(AdminSite):
    site_header = site_title = "Bourse"
    index_title = "Operations"
    site_url = "/"
    enable_nav_sidebar = False  # the tables need the width; the header leads to what is used daily

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {"figures": figures(request.user), **(extra_context or {})})


class Figure(NamedTuple):
    """`alarm`: an operator has to look at it."""

    name: str
    text: str
    url: str
    alarm: bool = False


def figures(user: Any) -> list[Figure]:
    """What this member of staff may see; each is cheap however long the history."""
    return [make() for permission, make in _FIGURES if user.has_perm(permission)]


def _users() -> Figure:
    return Figure("Users", str(User.objects.count()), reverse("admin:accounts_user_changelist"))


def _suspended() -> Figure:
    count = User.objects.filter(suspended_at__isnull=False).count()
    return Figure("Suspended", str(count), reverse("admin:accounts_user_changelist") + "?suspended=yes")


def _open_orders() -> Figure:
    count = Order.objects.filter(status__in=Order.OPEN_STATUSES).count()
    return Figure("Open orders", str(count), reverse("admin:trading_order_changelist") + "?state=open")


def _trades() -> Figure:
    """From the candles: counting the trades themselves would take longer with each of them."""
    count = sum(ticker.trades for ticker in tickers())
    return Figure("Trades in 24 h", str(count), reverse("admin:trading_trade_changelist"))


def _imbalance() -> Figure:
    """All balances of an asset, the outside world's debt included, must add up to nothing."""
    totals = Balance.objects.values("asset").annotate(total=Sum(F("available") + F("held")))
    off = sorted((row["asset"], row["total"]) for row in totals if row["total"])
    text = ", ".join(f"{format_decimal(total)} {asset}" for asset, total in off) or "0 in every asset"
    return Figure("Ledger imbalance", text, reverse("admin:accounts_balance_changelist"), alarm=bool(off))


def _markets() -> Figure:
    closed = Market.objects.exclude(status=Market.Status.OPEN).order_by("symbol")
    text = ", ".join(f"{market.symbol} ({market.get_status_display().lower()})" for market in closed)
    return Figure(
        "Markets not open", text or "none", reverse("admin:market_market_changelist"), alarm=bool(text)
    )


_FIGURES: list[tuple[str, Callable[[], Figure]]] = [
    ("accounts.view_user", _users),
    ("accounts.view_user", _suspended),
    ("trading.view_order", _open_orders),
    ("trading.view_trade", _trades),
    ("accounts.view_balance", _imbalance),
    ("market.view_market", _markets),
]
