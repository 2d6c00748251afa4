"""Perpetual markets as the rules about positions read them: whole units, and the fee rates of their days."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from common.audit import Cursor
from common.money import EXACT, to_steps, to_units

MILLION = 1_000_000
UNREADABLE = (ArithmeticError, AssertionError, AttributeError, KeyError, TypeError, ValueError)

_CONTRACTS = """
    SELECT m.id, m.symbol, m.tick, m.lot, q.code, q.precision, m.taker_fee, c.funding_index,
           (SELECT array_agg(b.floor ORDER BY b.floor) FROM risk_bracket b WHERE b.contract_id = c.market_id),
           (SELECT array_agg(b.maintenance_rate ORDER BY b.floor) FROM risk_bracket b WHERE b.contract_id = c.market_id)
    FROM risk_contract c
    JOIN market_market m ON m.id = c.market_id
    JOIN market_asset q ON q.code = m.quote_id
    ORDER BY m.symbol"""

# Of a fee that was rounded up by less than a unit, on at least a million units: one whole rate only fits.
_RATES = """
    SELECT DISTINCT trunc(taker_fee * 1000000 / cost)::integer FROM trading_trade
    WHERE market_id = %s AND cost >= ('1e' || (6 - %s::integer))::numeric"""


class Contract(NamedTuple):
    """step: units of the quote asset that a lot is worth at a tick. rates: of the taker's fee in millionths, today's
    and all that trades were charged. brackets: (floor in units, maintenance rate in millionths)."""

    id: int
    symbol: str
    tick: Decimal
    lot: Decimal
    quote: str
    precision: int
    step: int
    rates: frozenset[int]
    funding_index: int
    brackets: tuple[tuple[int, int], ...]

    def units(self, amount: Decimal) -> int:
        return to_units(amount, self.precision)

    def lots(self, size: Decimal) -> int:
        return to_steps(size, self.lot)


def contracts(cursor: Cursor) -> Iterator[Contract]:
    cursor.execute(_CONTRACTS)
    for row in cursor.fetchall():
        market_id, symbol, tick, lot, quote, precision, taker_fee, index, floors, rates = row
        cursor.execute(_RATES, [market_id, precision])
        charged = {rate for (rate,) in cursor.fetchall()} | {to_units(taker_fee, 6)}
        brackets = tuple(
            (to_units(floor, precision), to_units(rate, 6))
            for floor, rate in zip(floors or (), rates or (), strict=True)
        )
        step = to_units(EXACT.multiply(tick, lot), precision)
        yield Contract(
            market_id, symbol, tick, lot, quote, precision, step, frozenset(charged), int(index), brackets
        )  # fmt: skip


def ceiling(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)


def fee(notional: int, rate: int) -> int:
    return ceiling(notional * rate, MILLION)
