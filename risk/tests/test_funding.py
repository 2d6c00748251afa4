"""What funding is counted from: impact prices, premium, rate."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.funding import funding_rate, impact_price, premium

D = Decimal
CAP = D("0.0075")
INTEREST = D("0.0001")
RATES = st.decimals(D(-1), D(1), places=10)


def rungs(*rows):
    return [(D(price), D(quantity)) for price, quantity in rows]


def test_the_published_vector():
    assert funding_rate(D("-0.00184"), INTEREST, CAP) == D("-0.00134")


def test_a_small_premium_leaves_the_interest():
    assert funding_rate(D("0.0003"), INTEREST, CAP) == INTEREST
    assert funding_rate(D("-0.0004"), INTEREST, CAP) == INTEREST
    assert funding_rate(D("0.0006"), INTEREST, CAP) == INTEREST
    assert funding_rate(D("0.0007"), INTEREST, CAP) == D("0.0002")


def test_no_rate_is_beyond_the_cap():
    assert funding_rate(D("0.2"), INTEREST, CAP) == CAP
    assert funding_rate(D("-0.2"), INTEREST, CAP) == -CAP
    assert funding_rate(D("0.2"), INTEREST, D(0)) == 0


@pytest.mark.parametrize("sign", [1, -1])
def test_the_rate_has_eight_decimals_cut_toward_zero(sign):
    assert funding_rate(sign * D("0.0012345678"), sign * INTEREST, CAP) == sign * D("0.00073456")


@given(average=RATES, interest=RATES, cap=st.decimals(D(0), D(1), places=8))
def test_the_mirror_image_pays_the_same_the_other_way(average, interest, cap):
    rate = funding_rate(average, interest, cap)
    assert funding_rate(-average, -interest, cap) == -rate
    assert abs(rate) <= cap
    assert abs(rate - average) < D("0.00050001") or abs(rate) == cap or abs(average) > cap


def test_bids_above_the_index_are_a_premium_and_asks_below_it_a_discount():
    assert premium(D(50_100), D(50_110), D(50_000)) == D("0.002")
    assert premium(D(49_890), D(49_900), D(50_000)) == D("-0.002")
    assert premium(D(49_990), D(50_010), D(50_000)) == 0


def test_a_side_without_depth_adds_nothing():
    assert premium(None, D(49_900), D(50_000)) == D("-0.002")
    assert premium(D(50_100), None, D(50_000)) == D("0.002")
    assert premium(None, None, D(50_000)) == 0


def test_a_premium_is_cut_toward_zero():
    assert premium(D("3.1"), None, D(3)) == D("0.0333333333")
    assert premium(None, D("2.9"), D(3)) == D("-0.0333333333")


def test_the_impact_price_is_the_average_of_what_the_notional_takes():
    # 0.1 at 50,000 is 5,000; the other 5,000 buys 0.0999000999... at 50,050.
    asks = rungs(("50000", "0.1"), ("50050", "5"))
    price = impact_price(asks, D(10_000))
    assert price.quantize(D("0.0001")) == D("50024.9875")
    assert impact_price(asks, D(5_000)) == 50_000


def test_a_book_with_less_than_the_notional_has_no_impact_price():
    assert impact_price([], D(1)) is None
    assert impact_price(rungs(("100", "1"), ("101", "1")), D("201.01")) is None
    assert impact_price(rungs(("100", "1"), ("101", "1")), D(201)) == D("100.5")


@given(
    levels=st.lists(
        st.tuples(st.decimals(D("0.01"), D(10**6), places=2), st.decimals(D("0.001"), D(10**4), places=3)),
        min_size=1, max_size=8,
    ),
    share=st.decimals(D("0.001"), D(1), places=3),
)  # fmt: skip
def test_an_impact_price_lies_within_the_book(levels, share):
    notional = share * sum(price * quantity for price, quantity in levels)
    prices = [price for price, _ in levels]
    assert min(prices) - D("1E-15") <= impact_price(levels, notional) <= max(prices)
