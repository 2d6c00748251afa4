"""Symbols that a venue does not trade: asked for once, and then left out for a while."""

from collections.abc import Callable, Sequence

from django.core.cache import cache

from market.feeds.price_feed import Quote

UNLISTED_SECONDS = 600

Ask = Callable[[Sequence[str]], dict[str, Quote]]


class Unlisted(Exception):
    """At least one of the symbols asked for is not traded there, so the venue refuses the whole question."""


def fetch_listed(venue: str, symbols: Sequence[str], ask: Ask) -> dict[str, Quote]:
    """What `ask` answers for the symbols that the venue lists.

    When it raises Unlisted, each symbol is asked for by itself, once, and those that the venue doesn't list are
    left out for ten minutes.
    """
    key = f"feed:{venue}:unlisted"
    unlisted = set(cache.get(key) or ())
    wanted = [symbol for symbol in symbols if symbol not in unlisted]
    if not wanted:
        return {}
    try:
        return ask(wanted)
    except Unlisted:
        quotes: dict[str, Quote] = {}
        for symbol in wanted:
            try:
                quotes |= ask([symbol])
            except Unlisted:
                unlisted.add(symbol)
        cache.set(key, sorted(unlisted), UNLISTED_SECONDS)
        return quotes
