"""Set one market's price from outside by hand, as a replay of a recorded market does."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from common.clock import now
from market.models import Price
from market.selectors import market_by_symbol


@transaction.atomic
def set_price(symbol: str, index: Decimal, source: str, leased_until: datetime | None = None) -> Price:
    """Write the price; until `leased_until` the price tick leaves it alone. None ends a lease.

    Raises Refused(UNKNOWN_SYMBOL). The index must be positive, the source one of Price.Source.
    """
    if not index.is_finite() or index <= 0:
        raise ValueError(f"a price is positive, not {index}")
    market = market_by_symbol(symbol)
    values = {
        "index": index,
        "source": Price.Source(source),
        "leased_until": leased_until,
        "updated_at": now(),
    }
    price, _ = Price.objects.update_or_create(market=market, defaults=values)
    return price
