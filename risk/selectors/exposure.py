"""How much everybody risks in all contracts, in a few cheap looks."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection

from risk.models import ExposureLimit, ExposureTotal

# What one side holds the other side holds too.
_CONTRACTS = """
    SELECT m.symbol, c.exposure, coalesce(held.longs, 0), coalesce(held.shorts, 0), coalesce(held.size, 0),
           price.mark, price.index, c.last_funding_rate, c.next_funding_at, coalesce(insurance.available, 0)
    FROM risk_contract c
    JOIN market_market m ON m.id = c.market_id
    LEFT JOIN market_price price ON price.market_id = m.id
    LEFT JOIN (
        SELECT market_id, count(*) FILTER (WHERE size > 0) AS longs, count(*) FILTER (WHERE size < 0) AS shorts,
               sum(size) FILTER (WHERE size > 0) AS size
        FROM risk_position WHERE size <> 0 GROUP BY market_id
    ) held ON held.market_id = m.id
    LEFT JOIN (
        SELECT a.name, sum(b.available) AS available FROM accounts_account a
        JOIN accounts_balance b ON b.account_id = a.id WHERE a.kind = 'insurance' GROUP BY a.name
    ) insurance ON insurance.name = 'insurance:' || m.symbol
    ORDER BY m.symbol"""


class ContractExposure(NamedTuple):
    """exposure, maximum and insurance in quote, open_interest in base. maximum None: no limit."""

    symbol: str
    exposure: Decimal
    longs: int
    shorts: int
    open_interest: Decimal
    mark_price: Decimal | None
    index_price: Decimal | None
    funding_rate: Decimal
    next_funding_at: datetime | None
    insurance: Decimal
    maximum: Decimal | None
    user_maximum: Decimal | None


class Exposure(NamedTuple):
    """user_maximum: of one user over all contracts."""

    contracts: list[ContractExposure]
    total: Decimal
    maximum: Decimal | None
    user_maximum: Decimal | None


def exposure() -> Exposure:
    limits = {
        (limit.scope, limit.market and limit.market.symbol): limit.maximum
        for limit in ExposureLimit.objects.select_related("market")
    }
    with connection.cursor() as cursor:
        cursor.execute(_CONTRACTS)
        rows = cursor.fetchall()
    contracts = [
        ContractExposure._make([*row, limits.get(("contract", row[0])), limits.get(("user", row[0]))])
        for row in rows
    ]
    total = ExposureTotal.objects.values_list("amount", flat=True).first() or Decimal(0)
    return Exposure(contracts, total, limits.get(("total", None)), limits.get(("user", None)))
