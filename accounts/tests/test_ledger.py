"""The ledger as arithmetic: no database."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.ledger import Entry, assert_balanced, fits, imbalance
from common.money import from_units


def entry(account_id, asset, amount):
    return Entry(account_id, asset, Decimal(amount))


def test_what_goes_out_of_one_account_comes_into_another():
    entries = [entry(1, "BTC", "0.5"), entry(2, "BTC", "-0.5"), entry(1, "USDT", "-7"), entry(2, "USDT", "7")]
    assert imbalance(entries) == {}
    assert_balanced(entries)


def test_each_asset_sums_to_zero_on_its_own():
    assert imbalance([entry(1, "BTC", "5"), entry(2, "USDT", "-5")]) == {"BTC": 5, "USDT": -5}


@pytest.mark.parametrize(
    "amounts",
    [
        ["5", "-4"],
        ["5"],
        [],
        ["0", "0"],
        ["NaN", "NaN"],
        ["Infinity", "-Infinity"],
        ["1e-19", "-1e-19"],
        ["10000000000000000001", "-10000000000000000001"],
    ],
)
def test_a_transaction_that_is_none_stops_at_once(amounts):
    with pytest.raises(AssertionError):
        assert_balanced([entry(n, "BTC", amount) for n, amount in enumerate(amounts)])


@given(st.lists(st.integers(-(10**36), 10**36), min_size=1, max_size=20))
def test_large_and_fine_amounts_sum_without_losing_a_digit(units):
    """Python's own 28 digits would not do."""
    there = [Entry(1, "ETH", from_units(each, 18)) for each in units]
    assert imbalance([*there, Entry(2, "ETH", from_units(-sum(units), 18))]) == {}


def test_a_single_unit_in_a_large_sum_is_seen():
    large = Decimal("1234567890123456789.000000000000000001")
    left_over = imbalance([Entry(1, "ETH", large), entry(2, "ETH", "-1234567890123456789")])
    assert left_over == {"ETH": Decimal("1e-18")}


@pytest.mark.parametrize(
    "amount", ["0", "1", "-1", "1e-18", "10e-19", "0e-30", "1e19", "-1e19", "5.100000000000000000000"]
)
def test_amounts_that_the_ledger_stores_as_they_are(amount):
    assert fits(Decimal(amount))


@pytest.mark.parametrize(
    "amount",
    [
        "NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
        "1e-19",
        "1.0000000000000000001",
        "1e20",
        "1e1000000",
        "-1e1000000",
    ],
)
def test_amounts_that_it_cannot_store(amount):
    assert not fits(Decimal(amount))
