"""The quick estimate: the numbers that were promised, and its mirror image."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.estimate import estimate

AMOUNTS = st.fractions(Fraction(1, 10**6), 10**9)


def test_the_promised_numbers_of_a_long():
    found = estimate(True, Fraction("0.1"), Fraction("50000.00"), 10)
    assert found == (500, 250, 45_250, 550)


def test_the_promised_numbers_of_a_short():
    assert estimate(False, Fraction("0.1"), Fraction("50000.00"), 10) == (500, 250, 54_750, 550)


@pytest.mark.parametrize(
    ("leverage", "long", "short"), [(1, 250, 99_750), (5, 40_250, 59_750), (20, 47_750, 52_250)]
)
def test_more_leverage_brings_the_liquidation_nearer(leverage, long, short):
    size, price = Fraction(1), Fraction(50_000)
    assert estimate(True, size, price, leverage).liquidation_price == long
    assert estimate(False, size, price, leverage).liquidation_price == short


@given(size=AMOUNTS, price=AMOUNTS, leverage=st.integers(1, 1000))
def test_a_long_and_a_short_are_mirror_images(size, price, leverage):
    long, short = (estimate(is_long, size, price, leverage) for is_long in (True, False))
    assert long.liquidation_price + short.liquidation_price == 2 * price
    assert long.required_margin * leverage == size * price
    assert (long.maintenance_margin, long.max_loss) == (
        long.required_margin / 2,
        long.required_margin * 11 / 10,
    )
    assert long._replace(liquidation_price=0) == short._replace(liquidation_price=0)
