"""A market as the matching service reads it under the lock."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from common.money import EXACT, FLOORING, to_units
from trading.rules import MarketRules
from trading.settlement import Terms

RATE_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Breaker:
    """Trades within `window_ms` that are further apart than `move` millionths halt the market."""

    move: int
    window_ms: int


class Scale:
    """Steps as text that a NUMERIC column reads: a tick, a lot, or tick x lot times a whole number."""

    def __init__(self, step: Decimal) -> None:
        sign, digits, exponent = step.as_tuple()
        assert not sign and isinstance(exponent, int)
        self._units = int("".join(map(str, digits)))
        self._exponent = exponent

    def text(self, steps: int | None) -> str | None:
        return None if steps is None else f"{steps * self._units}e{self._exponent}"


@dataclass(frozen=True, slots=True)
class MarketRow:
    rules: MarketRules
    terms: Terms
    precision: dict[str, int]
    status: str
    breaker: Breaker | None
    ticks: Scale
    lots: Scale
    costs: Scale

    @classmethod
    def read(cls, row: Sequence[Any]) -> "MarketRow":
        """From a row of statements.read_market."""
        return _read(tuple(row))


@lru_cache(maxsize=256)
def _read(row: tuple[Any, ...]) -> MarketRow:
    (
        tick, lot, status, maker_fee, taker_fee, base, quote, base_precision, quote_precision, fees,
        minimum, maximum, most_open, band, protection, move, window, index, mark, has_mark,
    ) = row  # fmt: skip
    terms = Terms(
        base=base,
        quote=quote,
        base_per_lot=to_units(lot, base_precision),
        quote_per_step=to_units(EXACT.multiply(tick, lot), quote_precision),
        maker_fee=to_units(maker_fee, RATE_DECIMALS),
        taker_fee=to_units(taker_fee, RATE_DECIMALS),
        fee_account_id=fees,
    )
    rules = MarketRules(
        tick, lot, minimum, maximum, most_open, to_units(protection, RATE_DECIMALS), _rate(band),
        _ticks(index, tick), _ticks(mark, tick), has_mark,
    )  # fmt: skip
    rate = _rate(move)
    breaker = None if rate is None else Breaker(rate, window * 1000)
    scales = Scale(tick), Scale(lot), Scale(EXACT.multiply(tick, lot))
    return MarketRow(rules, terms, {base: base_precision, quote: quote_precision}, status, breaker, *scales)


def _ticks(price: Decimal | None, tick: Decimal) -> int | None:
    """A price from outside, of which whole ticks count."""
    return None if price is None else max(1, int(FLOORING.divide_int(price, tick)))


def _rate(share: Decimal | None) -> int | None:
    return None if share is None else to_units(share, RATE_DECIMALS)
