"""The price tick: bring every market's price from outside up to date."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache

from django.conf import settings
from django.db import connection, transaction

from common.clock import now
from market.feeds.outside import Answer, ask_outside
from market.feeds.simulation import SimulatedFeed, Walk, legs_of
from market.models import Market, Price
from market.services.index_sources import newest_quotes, save_sources

logger = logging.getLogger(__name__)

_ADVISORY_LOCK = 0x7469636B  # "tick": any number that nobody else uses
# A price "from later" than this is from a clock that has been set back since, and must not stop the tick.
_CLOCK_SET_BACK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Tick:
    """What a tick did: the prices it wrote; whether another one was at it; why the outside gave no answer."""

    written: list[Price] = field(default_factory=list)
    busy: bool = False
    failure: str = ""


def tick_prices() -> Tick:
    """Ask the feeds that the settings name, and write what has changed, each market's sources too.

    PRICE_FEED auto: the first of INDEX_FEEDS that answers, and what none does is simulated on from the last known
    price; the source of each price says which. A leased price is left to its replay. Safe to run twice at once:
    while one tick writes, another leaves. The network is asked before anything is locked.
    """
    asked_at = now()
    markets = list(Market.objects.filter(kind=Market.Kind.SPOT).order_by("id"))
    answers: dict[str, Answer] = {}
    failure = ""
    if settings.PRICE_FEED != "simulation":
        answers, failure = ask_outside([market.symbol for market in markets])
    return _write(markets, answers, asked_at, failure)


@transaction.atomic
def _write(markets: Sequence[Market], answers: dict[str, Answer], asked_at: datetime, failure: str) -> Tick:
    if not is_the_only_tick():
        return Tick(busy=True, failure=failure)
    rows = Price.objects.filter(market__in=markets).select_for_update(no_key=True).order_by("market_id")
    prices = {row.market_id: row for row in rows}
    left_alone = {
        market.symbol: prices[market.id].index
        for market in markets
        if market.id in prices and _is_not_ours(prices[market.id], asked_at)
    }
    answers = _without(answers, _simulated(markets, prices))
    quotes = newest_quotes(answers, asked_at)
    if settings.PRICE_FEED != "binance":
        known = {symbol: price for symbol, (price, _) in quotes.items()}
        for symbol, price in _simulate(markets, prices, known | left_alone).items():
            quotes.setdefault(symbol, (price, Price.Source.SIMULATION))
    moved = [market for market in markets if market.symbol in quotes and market.symbol not in left_alone]
    written = [_moved(prices.get(m.id), m, *quotes[m.symbol], asked_at) for m in moved]
    _save(written)
    save_sources(written, answers, asked_at)
    return Tick(written, failure=failure)


def _without(answers: dict[str, Answer], symbols: set[str]) -> dict[str, Answer]:
    return {
        name: {symbol: quote for symbol, quote in answer.items() if symbol not in symbols}
        for name, answer in answers.items()
    }


def _simulated(markets: Sequence[Market], prices: dict[int, Price]) -> set[str]:
    """Where staff have set the price the simulation goes on from there for a while; and in markets whose price is the
    ratio of such ones, for else there would be something to be had for nothing."""
    moment = now()
    until = {market.symbol: prices[market.id].simulated_until for market in markets if market.id in prices}
    moved = {symbol for symbol, end in until.items() if end is not None and end > moment}
    quotes = {market.symbol: market.quote_id for market in markets}
    legs = {m.symbol: legs_of(m.symbol, m.base_id, m.quote_id, quotes) or () for m in markets}
    return moved | {symbol for symbol, pair in legs.items() if moved & set(pair)}


def is_the_only_tick() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
        return bool(cursor.fetchone()[0])


def _is_not_ours(price: Price, asked_at: datetime) -> bool:
    """A replay has leased the price, or somebody wrote it after we had asked for ours."""
    leased = price.leased_until is not None and price.leased_until > now()
    return leased or asked_at <= price.updated_at < asked_at + _CLOCK_SET_BACK


def _simulate(
    markets: Sequence[Market], prices: dict[int, Price], known: dict[str, Decimal]
) -> dict[str, Decimal]:
    walks = [
        Walk(
            symbol=market.symbol,
            base=market.base_id,
            quote=market.quote_id,
            tick=market.tick,
            last=prices[market.id].index if market.id in prices else None,
            steps=prices[market.id].step if market.id in prices else 0,
        )
        for market in markets
    ]
    simulated = SimulatedFeed(settings.PRICE_FEED_SEED, walks, known).fetch([walk.symbol for walk in walks])
    for walk in walks:
        if walk.symbol not in simulated:
            _say_without_price(walk.symbol)
    return simulated


@cache
def _say_without_price(symbol: str) -> None:
    """Once per process and not each second."""
    logger.warning(
        "%s has no price: no feed carries it, and the simulation has nothing to start from", symbol
    )


def _moved(
    row: Price | None, market: Market, index: Decimal, source: Price.Source, asked_at: datetime
) -> Price:
    price = row or Price(market=market, step=0)
    price.market = market
    price.index, price.source, price.updated_at = index, source, asked_at
    if source == Price.Source.SIMULATION:
        price.step += 1
    return price


def _save(written: Sequence[Price]) -> None:
    """In one statement. Not `leased_until`: that is the replay's."""
    Price.objects.bulk_create(
        written,
        update_conflicts=True,
        unique_fields=["market"],
        update_fields=["index", "source", "step", "updated_at"],
    )
