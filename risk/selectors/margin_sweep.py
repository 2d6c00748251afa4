"""Which margin accounts need a look: one statement over those that owe, and none over the others."""

from datetime import datetime

from django.db import connection

from risk.models import Liquidation
from risk.selectors.lending import QUOTE, STALE_AFTER
from risk.spot_margin import WARN_AT

# Debts first, from the index of open loans; then the balances of each of those accounts by their index (LATERAL: a
# plain join would read the balances of everybody). An account with an asset that has no fresh price is left out:
# nobody is liquidated on an old price, or on a missing one.
_ENDANGERED = """
    WITH worth AS (
        SELECT t.asset_id AS asset, t.haircut, t.maintenance_rate,
               CASE WHEN t.asset_id = %(quote)s THEN 1 ELSE p.index END AS price
        FROM risk_lendingterms t
        LEFT JOIN market_market m ON m.base_id = t.asset_id AND m.quote_id = %(quote)s AND m.kind = 'spot'
        LEFT JOIN market_price p ON p.market_id = m.id AND p.updated_at > %(fresh)s
    ), debts AS (
        SELECT l.account_id, sum((l.principal + l.interest) * w.price) AS debt,
               sum((l.principal + l.interest) * w.price * w.maintenance_rate) AS maintenance,
               bool_and(w.price IS NOT NULL) AS priced
        FROM risk_loan l LEFT JOIN worth w ON w.asset = l.asset_id WHERE l.closed_at IS NULL GROUP BY l.account_id
    )
    SELECT d.account_id FROM debts d
    CROSS JOIN LATERAL (
        SELECT sum((b.available + b.held) * w.price * (1 - w.haircut)) AS collateral,
               bool_and(w.price IS NOT NULL OR b.available + b.held = 0) AS priced
        FROM accounts_balance b JOIN worth w ON w.asset = b.asset WHERE b.account_id = d.account_id
    ) o
    WHERE d.priced AND coalesce(o.priced, true)
      AND coalesce(o.collateral, 0) - d.debt < %(warn_at)s * d.maintenance
    ORDER BY d.account_id"""


def endangered_accounts(now: datetime) -> list[int]:
    """Margin accounts below the warning, at index prices."""
    with connection.cursor() as cursor:
        cursor.execute(_ENDANGERED, {"quote": QUOTE, "fresh": now - STALE_AFTER, "warn_at": WARN_AT})
        return [row[0] for row in cursor.fetchall()]


def accounts_in_liquidation() -> list[int]:
    """Margin accounts that were warned or are being liquidated."""
    rows = Liquidation.objects.filter(account__owner__isnull=False, status__in=Liquidation.OPEN)
    return list(rows.order_by("account_id").values_list("account_id", flat=True))
