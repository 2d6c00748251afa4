"""Exact money: the one parser for numbers from outside, and integer units inside.

Inside the core, amounts are integers: prices in ticks, quantities in lots, ledger amounts in *units* of
10^-precision of the asset. `Decimal` is used at the edges and in the database, `float` nowhere.
"""

import decimal
import re
from decimal import (
    ROUND_DOWN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)

MAX_INTEGER_DIGITS = 19
MAX_FRACTION_DIGITS = 18

# Digits, an optional fraction, ASCII only, bounded: decided before Decimal sees the text, because
# Decimal accepts exponents, underscores, other scripts' digits, NaN and numbers that take minutes to expand.
_NUMBER = re.compile(
    rf"(?:0|[1-9][0-9]{{0,{MAX_INTEGER_DIGITS - 1}}})(?:\.[0-9]{{1,{MAX_FRACTION_DIGITS}}})?", re.ASCII
)

# Python's own 28 digits are too few for a sum of 19 + 18; for this thread, and for those still to come.
decimal.DefaultContext.prec = decimal.getcontext().prec = 80

# An operation that would lose a digit raises instead of rounding silently.
EXACT = Context(prec=80, traps=[InvalidOperation, DivisionByZero, Overflow, Inexact])
FLOORING = Context(prec=80, rounding=ROUND_DOWN, traps=[InvalidOperation, DivisionByZero, Overflow])


class NotANumber(ValueError):
    """The text is not a plain non-negative decimal number within the bounds."""


def parse_decimal(text: object) -> Decimal:
    """A non-negative decimal number from outside text such as "0.5".

    Raises NotANumber for anything else: another type, a sign, an exponent, NaN, white space, separators,
    leading zeros, more than 19 digits before or 18 after the point.
    """
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise NotANumber('must be a decimal string such as "0.5"')
    return Decimal(text)


def format_decimal(amount: Decimal) -> str:
    """Plain notation without trailing zeros: Decimal("1.500") is "1.5", zero is "0"."""
    text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def is_multiple(amount: Decimal, step: Decimal) -> bool:
    return EXACT.remainder(amount, step) == 0


def to_steps(amount: Decimal, step: Decimal) -> int:
    """How many steps an amount is (ticks of a price, lots of a quantity). Raises ValueError if not whole."""
    steps, rest = EXACT.divmod(amount, step)
    if rest != 0:
        raise ValueError(f"{amount} is not a multiple of {step}")
    return int(steps)


def to_units(amount: Decimal, precision: int) -> int:
    """Integer ledger units of 10^-precision. Raises ValueError if the amount is finer than that."""
    scaled = amount.scaleb(precision, EXACT)
    units = int(scaled)
    if units != scaled:
        raise ValueError(f"{amount} has more than {precision} decimals")
    return units


def units_of_text(text: str, precision: int) -> int:
    """`to_units` of a NUMERIC as the database writes it, without a Decimal on the way."""
    whole, _, fraction = text.partition(".")
    if fraction[precision:].strip("0"):
        raise ValueError(f"{text} has more than {precision} decimals")
    return int(whole + fraction[:precision].ljust(precision, "0"))


def from_units(units: int, precision: int) -> Decimal:
    return Decimal(units).scaleb(-precision, EXACT)


def units_text(units: int, precision: int) -> str:
    """`from_units` as text that a NUMERIC column reads, without a Decimal on the way."""
    return f"{units}e-{precision}"


def fee_units(amount_units: int, rate_millionths: int) -> int:
    """The fee on an amount, rounded up to a whole unit: rounding never pays the one who asks.

    rate_millionths: the rate times 1,000,000 (0.1% is 1,000).
    """
    return -(-amount_units * rate_millionths // 1_000_000)
