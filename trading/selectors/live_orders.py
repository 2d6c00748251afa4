"""Who has orders in which market."""

from collections import defaultdict

from django.db.models import Count

from trading.models import Order


def live_orders() -> dict[str, dict[int, int]]:
    """How many live orders (in the book, or waiting) each account has, by symbol and account id."""
    rows = Order.objects.filter(status__in=Order.ACTIVE_STATUSES)
    counts = rows.values_list("market__symbol", "account_id").annotate(Count("id")).order_by("market__symbol")
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for symbol, account_id, count in counts.order_by("market__symbol", "account_id"):
        found[symbol][account_id] = count
    return dict(found)
