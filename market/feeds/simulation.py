"""Prices made up here: a seeded random walk, the same on every machine.

Each step multiplies the last price by 1 + pull + shock. The shock is normal to a good approximation (the sum
of twelve uniform numbers, less six, has mean 0 and variance 1), drawn from SHA-256 of seed, symbol and step,
and counted in integers, so there is neither a float nor a generator's state to keep. The pull leads mildly
back to an anchor; it is bounded, so that a walk that starts far from its anchor, such as one that takes over
from the real market, wanders home over hours and never jumps. A market between two others against the same
asset (ETH-BTC beside ETH-USDT and BTC-USDT) has their ratio as its price, so that no arbitrage is made up.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from common.money import EXACT

ANCHORS = {"BTC-USDT": Decimal(60_000), "ETH-USDT": Decimal(3_000)}

# Of the price, per step, in parts per 10^12. A step is a second: 0.015% a second is about 85% a year.
_ONE = 10**12
_SHOCK = 150_000_000
_PULL_PER_DISTANCE = 10_000  # one part in 10,000 of the distance to the anchor
_MAX_PULL = _SHOCK // 20

_HIGHEST = Decimal(10**18)
_WORDS = 12
_WORD = 65_536
_MEAN = _WORDS * (_WORD - 1) // 2
_NEAREST = Context(prec=80, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Walk:
    """A market before a step. last: its newest price from anywhere; steps: how many it has walked."""

    symbol: str
    base: str
    quote: str
    tick: Decimal
    last: Decimal | None
    steps: int


class SimulatedFeed:
    """The next step of all walks. Prices that `known` holds are taken and not walked."""

    name = "simulation"

    def __init__(self, seed: int, walks: Sequence[Walk], known: Mapping[str, Decimal]) -> None:
        self._seed = seed
        self._walks = {walk.symbol: walk for walk in walks}
        self._known = known

    def fetch(self, symbols: Sequence[str]) -> dict[str, Decimal]:
        """As PriceFeed, but plain prices, for they are of now.

        Never fails; a market with neither an anchor nor a last price is not carried.
        """
        legs = dict(self._known)
        crosses: dict[str, tuple[str, str]] = {}
        quotes = {walk.symbol: walk.quote for walk in self._walks.values()}
        for walk in self._walks.values():
            pair = legs_of(walk.symbol, walk.base, walk.quote, quotes)
            if walk.symbol in legs:
                continue
            if pair:
                crosses[walk.symbol] = pair
            elif (price := next_price(self._seed, walk)) is not None:
                legs[walk.symbol] = price
        for symbol, (base, quote) in crosses.items():
            if base in legs and quote in legs:
                ratio = _NEAREST.divide(legs[base], legs[quote])
                legs[symbol] = to_tick(ratio, self._walks[symbol].tick)
        return {symbol: legs[symbol] for symbol in symbols if symbol in legs}


def legs_of(symbol: str, base: str, quote: str, quotes: Mapping[str, str]) -> tuple[str, str] | None:
    """The two markets whose ratio this one's price is. quotes: the quote asset of each market, by symbol."""
    if symbol in ANCHORS:
        return None
    for asset in sorted(set(quotes.values())):
        pair = (f"{base}-{asset}", f"{quote}-{asset}")
        if all(leg in quotes for leg in pair):
            return pair
    return None


def next_price(seed: int, walk: Walk) -> Decimal | None:
    """The price one step on, a positive multiple of the tick; None if there is nothing to start from."""
    anchor = ANCHORS.get(walk.symbol)
    last = walk.last if walk.last is not None else anchor
    if last is None:
        return None
    move = _ONE + _shock(seed, walk.symbol, walk.steps + 1) + (_pull(last, anchor) if anchor else 0)
    return to_tick(EXACT.scaleb(EXACT.multiply(last, Decimal(move)), -12), walk.tick)


def to_tick(price: Decimal, tick: Decimal) -> Decimal:
    """The nearest multiple of the tick, at least one tick and no more than the database holds."""
    ticks = _NEAREST.divide(min(price, _HIGHEST), tick).to_integral_value(context=_NEAREST)
    return EXACT.multiply(max(ticks, Decimal(1)), tick)


def _shock(seed: int, symbol: str, step: int) -> int:
    digest = hashlib.sha256(f"{seed}:{symbol}:{step}".encode()).digest()
    words = [int.from_bytes(digest[at : at + 2], "big") for at in range(0, 2 * _WORDS, 2)]
    return _SHOCK * (sum(words) - _MEAN) // _WORD


def _pull(last: Decimal, anchor: Decimal) -> int:
    distance = int(_NEAREST.divide(EXACT.multiply(EXACT.subtract(anchor, last), Decimal(_ONE)), anchor))
    return max(-_MAX_PULL, min(_MAX_PULL, distance // _PULL_PER_DISTANCE))
