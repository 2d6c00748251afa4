"""The sources of each market's index, as the price tick has heard them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from market.feeds.outside import Answer
from market.models import IndexSource, Price

OLDEST_QUOTE = timedelta(seconds=30)  # that still counts as a market's price; a contract has its own limit
_MADE_HERE = (Price.Source.SIMULATION, Price.Source.REPLAY)


def newest_quotes(
    answers: Mapping[str, Answer], asked_at: datetime
) -> dict[str, tuple[Decimal, Price.Source]]:
    """The price of each symbol from the first feed that knows it and does not repeat an old one."""
    quotes: dict[str, tuple[Decimal, Price.Source]] = {}
    for name, answer in answers.items():
        for symbol, quote in answer.items():
            if quote.at is None or asked_at - quote.at <= OLDEST_QUOTE:
                quotes.setdefault(symbol, (quote.price, Price.Source(name)))
    return quotes


def save_sources(written: Sequence[Price], answers: Mapping[str, Answer], asked_at: datetime) -> None:
    """What each feed said of the markets whose price was written; what is simulated is a source like the others.

    As soon as somebody outside answers, what was made here counts no more. Call it in the price tick's transaction.
    """
    rows = [
        IndexSource(
            market_id=price.market_id, source=name, price=quote.price,
            updated_at=asked_at if quote.at is None else min(quote.at, asked_at),
        )
        for price in written
        for name, answer in answers.items()
        if (quote := answer.get(price.market.symbol)) is not None
    ]  # fmt: skip
    simulated = [price for price in written if price.source == Price.Source.SIMULATION]
    rows += [
        IndexSource(market_id=price.market_id, source=price.source, price=price.index, updated_at=asked_at)
        for price in simulated
    ]
    real = {price.market_id for price in written} - {price.market_id for price in simulated}
    IndexSource.objects.filter(market__in=real, source__in=_MADE_HERE).delete()
    IndexSource.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["market", "source"], update_fields=["price", "updated_at"]
    )
