"""The index of a perpetual: the median of the sources that are fresh."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from market.index import SourcePrice, index_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HALF_A_MINUTE = timedelta(seconds=30)


def said(*prices):
    """(price, seconds ago) of sources called a, b, c."""
    return [
        SourcePrice(name, Decimal(price), NOON - timedelta(seconds=ago))
        for name, (price, ago) in zip("abcd", prices, strict=False)
    ]


@pytest.mark.parametrize(
    ("prices", "index", "sources"),
    [
        ([("60000", 0)], "60000", "a"),
        ([("60000", 0), ("60010", 0)], "60005", "ab"),
        ([("60000", 0), ("60010", 0), ("60020", 0)], "60010", "abc"),
        ([("60000", 0), ("60010", 0), ("90000", 0)], "60010", "abc"),  # one that has gone mad
        ([("60030", 0), ("60000", 0), ("60011", 0), ("60010", 0)], "60010.5", "abcd"),
        ([("60000", 30), ("60010", 31)], "60000", "a"),  # stale is what is older than the limit
        ([("60000", 31), ("60010", 29), ("60020", 5)], "60015", "bc"),
        ([("0.000000000000000001", 0), ("0.000000000000000002", 0)], "0.000000000000000001", "ab"),
        ([("60000", -5)], "60000", "a"),  # by a clock that is ahead of ours
    ],
)
def test_the_median_of_what_is_fresh(prices, index, sources):
    found = index_of(said(*prices), NOON, HALF_A_MINUTE)
    assert (found.price, "".join(found.sources)) == (Decimal(index), sources)


@pytest.mark.parametrize("prices", [[], [("60000", 31)], [("60000", 31), ("60000", 4_000)]])
def test_none_where_nothing_is_fresh(prices):
    assert index_of(said(*prices), NOON, HALF_A_MINUTE) is None
