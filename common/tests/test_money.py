"""The one parser of numbers from outside, and exact arithmetic."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, InvalidOperation

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from common.money import (
    NotANumber,
    fee_units,
    format_decimal,
    from_units,
    is_multiple,
    parse_decimal,
    to_steps,
    to_units,
)

plain = st.from_regex(r"(0|[1-9][0-9]{0,18})(\.[0-9]{1,18})?", fullmatch=True, alphabet="0123456789.")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", "0"),
        ("0.5", "0.5"),
        ("30000.10", "30000.1"),
        ("9" * 19 + "." + "9" * 18, "9" * 19 + "." + "9" * 18),
    ],
)
def test_a_plain_decimal_is_read_exactly(text, amount):
    assert parse_decimal(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-1", "+1", "-0", ".5", "5.", "01", "00", "1e5", "1E+2", "1e999", "1e1000000", "NaN", "nan",
        "Infinity", "-Infinity", "inf", "1_000", " 5 ", "5\n", "\t5", "1,5", "1 000", "0x10", "٣", "５",
        "1.٣", "1..2", "sNaN", "1.2.3", "1\x00", "9" * 20, "9" * 40, "0." + "1" * 19, "½", "1/3", "--1", "$1",
        "1e", "e1",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(NotANumber):
        parse_decimal(text)


@pytest.mark.parametrize("value", [None, 1, 1.5, True, Decimal(1), b"1", ["1"], {"1": 1}])
def test_only_text_is_a_number_from_outside(value):
    with pytest.raises(NotANumber):
        parse_decimal(value)


@given(st.text(alphabet="0123456789.eE+-_ NaIinfty٣５\n", max_size=12))
@example("1E5")
@example("1_0")
@example("٣")
def test_what_the_parser_takes_decimal_reads_the_same(text):
    """Decimal takes far more than our grammar; what our grammar takes means the same to both."""
    try:
        amount = parse_decimal(text)
    except NotANumber:
        return
    assert text.isascii() and set(text) <= set("0123456789.")
    assert amount == Decimal(text) and amount.is_finite() and not amount.is_signed()


@given(st.decimals(allow_nan=True, allow_infinity=True).map(str))
def test_what_decimal_writes_is_taken_only_in_plain_notation(text):
    try:
        amount = parse_decimal(text)
    except NotANumber:
        assert any(sign in text for sign in "+-EeNI") or len(text.partition(".")[0]) > 19 or len(text) > 20
    else:
        assert amount == Decimal(text)


@given(plain)
def test_an_amount_survives_being_written_and_read_again(text):
    amount = parse_decimal(text)
    written = format_decimal(amount)
    assert parse_decimal(written) == amount
    assert not ("." in written and written.endswith(("0", ".")))


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1.500", "1.5"), ("0E-18", "0"), ("1E+3", "1000"), ("100", "100"), ("-0", "0"), ("-1.50", "-1.5")],
)
def test_amounts_are_written_plainly(amount, text):
    assert format_decimal(Decimal(amount)) == text


def test_steps_are_whole_or_refused():
    assert to_steps(Decimal("30000.10"), Decimal("0.01")) == 3_000_010
    assert is_multiple(Decimal("0.3"), Decimal("0.1"))
    assert not is_multiple(Decimal("0.35"), Decimal("0.1"))
    with pytest.raises(ValueError, match="not a multiple"):
        to_steps(Decimal("0.015"), Decimal("0.01"))


@given(st.integers(min_value=-(10**36), max_value=10**36), st.integers(min_value=0, max_value=18))
def test_units_and_amounts_convert_both_ways_without_loss(units, precision):
    assert to_units(from_units(units, precision), precision) == units


def test_an_amount_finer_than_a_unit_is_refused():
    with pytest.raises((ValueError, InvalidOperation)):
        to_units(Decimal("0.123"), 2)


@given(st.integers(min_value=0, max_value=10**30), st.integers(min_value=0, max_value=1_000_000))
def test_a_fee_is_rounded_up_by_less_than_a_unit(amount, rate):
    fee = fee_units(amount, rate)
    assert 0 <= fee * 1_000_000 - amount * rate < 1_000_000


def test_a_sum_of_the_widest_amounts_keeps_every_digit_in_every_thread():
    largest, smallest = Decimal(10**19 - 1), Decimal("0.000000000000000001")
    with ThreadPoolExecutor(1) as other_thread:
        totals = [largest + smallest, other_thread.submit(lambda: largest + smallest).result()]
    assert [str(total) for total in totals] == ["9999999999999999999.000000000000000001"] * 2
