"""The feeds that settings.INDEX_FEEDS names, each behind a breaker of its own."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from django.conf import settings

from market.feeds.binance import BinanceFeed
from market.feeds.breaker import GuardedFeed
from market.feeds.coinbase import CoinbaseFeed
from market.feeds.kraken import KrakenFeed
from market.feeds.price_feed import FeedFailed, PriceFeed, Quote

logger = logging.getLogger(__name__)

FEEDS: dict[str, tuple[Callable[[str], PriceFeed], str]] = {
    "binance": (BinanceFeed, "BINANCE_URL"),
    "kraken": (KrakenFeed, "KRAKEN_URL"),
    "coinbase": (CoinbaseFeed, "COINBASE_URL"),
}

Answer = dict[str, Quote]


def outside() -> list[GuardedFeed]:
    """In the order in which they are named: of two that answer, the first is the one that counts on spot."""
    return [guarded(name, getattr(settings, FEEDS[name][1])) for name in settings.INDEX_FEEDS]


@cache
def guarded(name: str, url: str) -> GuardedFeed:
    return GuardedFeed(FEEDS[name][0](url))


def ask_outside(symbols: Sequence[str]) -> tuple[dict[str, Answer], str]:
    """What each feed that answers says, by its name; and why the others do not, empty if all do.

    All are asked at once: one that is slow holds nobody up but itself.
    """
    feeds = outside()
    if len(feeds) == 1:
        answers = {feeds[0].name: _ask(feeds[0], symbols)}
    else:
        asked = {feed.name: _threads().submit(_ask, feed, symbols) for feed in feeds}
        answers = {name: one.result() for name, one in asked.items()}
    failures = [f"{name}: {why}" for name, why in answers.items() if isinstance(why, str)]
    for failure in failures:
        logger.info("no prices from outside: %s", failure)
    return {n: found for n, found in answers.items() if not isinstance(found, str)}, "; ".join(failures)


@cache
def _threads() -> ThreadPoolExecutor:
    """Kept: each thread has a connection to the cache of its own."""
    return ThreadPoolExecutor(len(FEEDS), "feed")


def _ask(feed: PriceFeed, symbols: Sequence[str]) -> Answer | str:
    try:
        return feed.fetch(symbols)
    except FeedFailed as failed:
        return str(failed)
