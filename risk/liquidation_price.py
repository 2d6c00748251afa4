"""Where a position is liquidated, and where it is bankrupt, as exact fractions. Pure.

The closed form of what risk/health.py judges by, for one position: for showing a trade before it is made, and to
check the other by. Amounts are units of the quote asset, sizes lots and prices ticks; `step` is what a lot is worth
at a tick. Any other consistent units do as well, such as base, quote and a step of 1.
"""

from fractions import Fraction

from risk.brackets import MILLION, Brackets, Row

Number = int | Fraction


def maintenance_margin(brackets: Brackets, notional: Number) -> Fraction:
    """notional x rate - amount of its bracket, not rounded. notional: not negative."""
    row = next(row for row in reversed(brackets.rows) if row.floor <= notional)
    return (Fraction(notional) * row.rate - row.amount) / MILLION


def liquidation_price(
    equity: Number, size: Number, value: Number, step: Number, brackets: Brackets
) -> Fraction | None:
    """The price at which equity meets the maintenance margin; None if there is no such positive price.

    value: size x E, with the size's sign. equity: at the price E, whichever it is. At the entry price it is what
    stands behind the position, at the mark price that and the unrealised profit; the answer is the same.

    (equity - size x E) / (|size| x rate - size), and with brackets the amount of the bracket that holds at the
    answer is added to the equity. Equity less maintenance rises with the price of a long and falls with that of a
    short, so one bracket at most has its answer within its bounds, or two the same one at their border.
    Source: Binance futures, "How to calculate liquidation price of USDⓈ-M futures contracts".
    """
    assert size and step > 0
    floors = [row.floor for row in brackets.rows[1:]]
    for row, ceiling in zip(brackets.rows, [*floors, None], strict=True):
        price = _on_line(equity, size, value, step, row)
        notional = abs(Fraction(size)) * price * step
        if price > 0 and row.floor <= notional and (ceiling is None or notional <= ceiling):
            return price
    return None


def _on_line(equity: Number, size: Number, value: Number, step: Number, row: Row) -> Fraction:
    slope = step * (abs(Fraction(size)) * row.rate - Fraction(size) * MILLION)
    return ((Fraction(equity) - value) * MILLION + row.amount) / slope


def bankruptcy_price(
    equity: Number, size: Number, value: Number, step: Number, closing_fee: int
) -> Fraction | None:
    """The price at which the position is closed with nothing left, its fee paid; None if that price is not positive.

    equity and value as for liquidation_price; closing_fee: the rate in millionths, below 1.
    equity + size x (price - E) = |size| x price x fee, so (equity - size x E) / (|size| x fee - size).
    """
    assert size and step > 0 and 0 <= closing_fee < MILLION
    slope = step * (abs(Fraction(size)) * closing_fee - Fraction(size) * MILLION)
    price = (Fraction(equity) - value) * MILLION / slope
    return price if price > 0 else None


def safe_tick(price: Fraction, size: Number) -> int:
    """The whole tick next to the price at which all is still well: of a long above it, of a short below it.

    As equity is whole units, margins and fees that are rounded up to whole units do not move it. 0: a short for
    which every tick is beyond the price.
    """
    return -(-price.numerator // price.denominator) if size > 0 else price.numerator // price.denominator
