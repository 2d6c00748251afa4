"""A market as the matching service reads it under the lock."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from common.money import EXACT, to_units
from trading.rules import MarketRules
from trading.settlement import Terms


@dataclass(frozen=True, slots=True)
class MarketRow:
    rules: MarketRules
    terms: Terms
    precision: dict[str, int]

    @classmethod
    def read(cls, row: Sequence[Any]) -> "MarketRow":
        """From a row of statements.read_market."""
        (
            tick,
            lot,
            minimum,
            status,
            maker_fee,
            taker_fee,
            base,
            quote,
            base_precision,
            quote_precision,
            fees,
        ) = row
        terms = Terms(
            base=base,
            quote=quote,
            base_per_lot=to_units(lot, base_precision),
            quote_per_step=to_units(EXACT.multiply(tick, lot), quote_precision),
            maker_fee=to_units(maker_fee, 6),
            taker_fee=to_units(taker_fee, 6),
            fee_account_id=fees,
        )
        rules = MarketRules(tick, lot, minimum, is_open=status == "open")
        return cls(rules, terms, {base: base_precision, quote: quote_precision})
