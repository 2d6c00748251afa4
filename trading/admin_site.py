"""The admin's site: its name, and the operator's summary on its first page.

Beside the package trading/admin and not in it: Django makes the site first and then imports that package,
which registers its pages on it.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.admin import AdminSite
from django.db.models import Count, F, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.forms import AdminCodeForm
from accounts.models import Account, Balance, User
from common.money import format_decimal
from market.models import Market
from risk.models import Liquidation
from risk.selectors import exposure
from trading.models import Order
from trading.selectors.market_data import tickers


class OperatorsSite(AdminSite):
    site_header = site_title = "Bourse"
    index_title = "Operations"
    site_url = "/"
    login_form = AdminCodeForm
    login_template = "admin/log_in.html"
    enable_nav_sidebar = False  # the tables need the width; the header leads to what is used daily

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {"figures": figures(request.user), **(extra_context or {})})

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Passwords are changed in one place, which asks for the second factor too."""
        return redirect("/security#password")


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


def _positions() -> Figure:
    now = exposure()
    count = sum(each.longs + each.shorts for each in now.contracts)
    text = f"{count} positions, {format_decimal(now.total.quantize(Decimal(1)))} USDT"
    return Figure("At risk", text, reverse("admin:risk_contract_changelist"))


def _liquidations() -> Figure:
    rows = Liquidation.objects.filter(status__in=Liquidation.OPEN)
    counts = dict(rows.values_list("status").annotate(count=Count("id")).order_by("status"))
    text = ", ".join(f"{count} {status}" for status, count in counts.items()) or "none"
    alarm = bool(counts.get(Liquidation.Status.LIQUIDATING))
    return Figure("Liquidations", text, reverse("admin:risk_liquidation_changelist"), alarm=alarm)


def _insurance() -> Figure:
    """A fund that owes has paid for losses that nobody had the margin for."""
    owing = Balance.objects.filter(account__kind=Account.Kind.INSURANCE, available__lt=0)
    funds = owing.order_by("account__name").values_list("account__name", "available", "asset")
    text = ", ".join(f"{name} {format_decimal(amount)} {asset}" for name, amount, asset in funds)
    return Figure(
        "Insurance funds that owe",
        text or "none",
        reverse("admin:risk_contract_changelist"),
        alarm=bool(text),
    )


_FIGURES: list[tuple[str, Callable[[], Figure]]] = [
    ("accounts.view_user", _users),
    ("accounts.view_user", _suspended),
    ("trading.view_order", _open_orders),
    ("trading.view_trade", _trades),
    ("accounts.view_balance", _imbalance),
    ("market.view_market", _markets),
    ("risk.view_contract", _positions),
    ("risk.view_liquidation", _liquidations),
    ("risk.view_contract", _insurance),
]
