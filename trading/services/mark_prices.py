"""Index and mark price of every perpetual, and the samples that funding is counted from."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db import connection, transaction

from common import clock
from market.index import Index, SourcePrice, index_of
from market.models import IndexSource, Price
from risk.mark import mark_price
from risk.models import Contract
from trading.matching.terms import OPEN
from trading.models import BookState
from trading.services.hold_without_index import hold_without_index
from trading.services.sample_premium import average_bases, sample_premium
from trading.services.sweep_liquidations import sweep_liquidations
from trading.services.sweep_markets import sweep_market

_ADVISORY_LOCK = 0x6D61726B  # "mark": any number that nobody else uses


class Moved(NamedTuple):
    """A contract whose mark price is another now. `old` None: it had none."""

    market_id: int
    symbol: str
    old: Decimal | None
    new: Decimal


def mark_prices() -> list[Moved]:
    """Bring index and mark price of every perpetual up to date, and what follows from it; the marks that moved.

    Where all sources of the index are stale the prices stay as they are, and the market takes cancels only until
    one of them is fresh again. Safe to run twice at once: one run waits for the other.
    """
    with transaction.atomic():
        _wait_for_the_turn()
        now = clock.now()
        contracts = _contracts()
        indices = _indices(contracts, now)
        for contract in contracts:
            index = indices.get(contract.pk)
            if index is not None and contract.market.status == OPEN:
                sample_premium(contract, index.price, now)
        moved = _write([contract for contract in contracts if contract.pk in indices], indices, now)
    for contract in contracts:
        hold_without_index(contract, contract.pk in indices)
    after_marks(moved)
    return moved


def after_marks(moved: Sequence[Moved]) -> None:
    """What new mark prices set off: accounts whose margin they use up are looked at, orders that wait for them fire."""
    if moved:
        sweep_liquidations()
    symbols = [each.symbol for each in moved]
    waiting = BookState.objects.filter(market__symbol__in=symbols, watches_prices=True, market__status=OPEN)
    for symbol in waiting.values_list("market__symbol", flat=True):
        sweep_market(symbol)


def _wait_for_the_turn() -> None:
    """What is read from here on is newer than what the run before has written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])


def _contracts() -> list[Contract]:
    """Of markets that are open for trading at all."""
    rows = Contract.objects.select_related("market__book", "market__price", "underlying")
    return list(rows.filter(market__book__isnull=False).order_by("market_id"))


def _indices(contracts: Sequence[Contract], now: datetime) -> dict[int, Index]:
    """By contract; a price that a replay has leased is the index as it is."""
    said: dict[int, list[SourcePrice]] = {}
    for row in IndexSource.objects.filter(market__in=[contract.underlying_id for contract in contracts]):
        said.setdefault(row.market_id, []).append(SourcePrice(row.source, row.price, row.updated_at))
    found: dict[int, Index] = {}
    for contract in contracts:
        price = _price_of(contract)
        if price is not None and price.leased_until is not None and price.leased_until > now:
            found[contract.pk] = Index(price.index, (price.source,))
            continue
        stale_after = timedelta(seconds=contract.stale_after_seconds)
        index = index_of(said.get(contract.underlying_id, ()), now, stale_after)
        if index is not None:
            found[contract.pk] = index
    return found


def _price_of(contract: Contract) -> Price | None:
    return getattr(contract.market, "price", None)


def _write(contracts: Sequence[Contract], indices: dict[int, Index], now: datetime) -> list[Moved]:
    """All prices in one statement. Not `leased_until`: that is the replay's."""
    bases = average_bases(now)
    rows, moved = [], []
    for contract in contracts:
        index, before = indices[contract.pk], _price_of(contract)
        mark = _mark(contract, index.price, bases.get(contract.pk), now)
        source = index.sources[0] if len(index.sources) == 1 else Price.Source.MEDIAN
        rows.append(
            Price(market=contract.market, index=index.price, mark=mark, source=source, updated_at=now)
        )
        old = None if before is None else before.mark
        if old != mark:
            moved.append(Moved(contract.pk, contract.market.symbol, old, mark))
    Price.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["market"],
        update_fields=["index", "mark", "source", "updated_at"],
    )
    return moved


def _mark(contract: Contract, index: Decimal, basis: Decimal | None, now: datetime) -> Decimal:
    to_funding = 0 if contract.next_funding_at is None else (contract.next_funding_at - now) // _SECOND
    return mark_price(
        index,
        contract.last_funding_rate,
        to_funding,
        contract.funding_interval_seconds,
        basis,
        contract.market.book.last_price,
        contract.market.tick,
    )


_SECOND = timedelta(seconds=1)
