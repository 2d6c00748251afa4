"""Set one market's price from outside by hand, as a replay of a recorded market does."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from common.clock import now
from market.models import IndexSource, Price
from market.selectors import market_by_symbol


@transaction.atomic
def set_price(
    symbol: str, index: Decimal, source: str, leased_until: datetime | None = None,
    simulated_until: datetime | None = None,
) -> Price:  # fmt: skip
    """Write the price, as the only source of the market's index; until `leased_until` the price tick leaves it
    alone, until `simulated_until` it walks on from there by the simulation. None ends either.

    Raises Refused(UNKNOWN_SYMBOL). The index must be positive, the source one of Price.Source.
    """
    if not index.is_finite() or index <= 0:
        raise ValueError(f"a price is positive, not {index}")
    market = market_by_symbol(symbol)
    values = {
        "index": index,
        "source": Price.Source(source),
        "leased_until": leased_until,
        "simulated_until": simulated_until,
        "updated_at": now(),
    }
    price, _ = Price.objects.update_or_create(market=market, defaults=values)
    IndexSource.objects.filter(market=market).exclude(source=source).delete()
    IndexSource.objects.update_or_create(
        market=market, source=source, defaults={"price": index, "updated_at": price.updated_at}
    )
    return price
