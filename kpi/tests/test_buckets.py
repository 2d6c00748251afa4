"""Quantiles from buckets are within one per cent of the true ones."""

import random
from math import ceil

import pytest

from kpi.buckets import LAST_BUCKET, RELATIVE_ERROR, bucket_of, quantile


def counted(times):
    counts = {}
    for time in times:
        counts[bucket_of(time)] = counts.get(bucket_of(time), 0) + 1
    return sorted(counts.items())


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95, 0.99, 1.0])
def test_a_quantile_is_within_its_stated_error(share):
    chance = random.Random(5)
    times = sorted(int(chance.lognormvariate(8, 2)) + 1 for _ in range(20_000))
    true = times[ceil(share * len(times)) - 1]
    assert abs(quantile(counted(times), share) - true) <= RELATIVE_ERROR * true * 1.000001


@pytest.mark.parametrize("microseconds", [2, 3, 10, 999, 1_000, 123_456, 60_000_000])
def test_each_single_time_is_told_within_one_per_cent(microseconds):
    told = quantile([(bucket_of(microseconds), 1)], 0.5)
    assert abs(told - microseconds) <= RELATIVE_ERROR * microseconds * 1.000001


def test_the_quantile_is_the_smallest_time_that_so_many_did_not_exceed():
    counts = counted([100] * 95 + [10_000] * 5)
    assert quantile(counts, 0.95) == pytest.approx(100, rel=0.011)
    assert quantile(counts, 0.951) == pytest.approx(10_000, rel=0.011)


def test_nothing_has_no_quantile():
    assert quantile([], 0.5) is None


@pytest.mark.parametrize("microseconds", [-5, 0, 1])
def test_what_is_too_short_to_measure_is_in_the_first_bucket(microseconds):
    assert bucket_of(microseconds) == 0


def test_there_are_only_so_many_buckets():
    assert bucket_of(10**30) == LAST_BUCKET
