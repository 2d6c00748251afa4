"""What a process counts, minute by minute, until it is taken."""

import os

import pytest
from prometheus_client import CollectorRegistry, Counter

from common.api.answered import Answered
from kpi import tallies as module
from kpi.tallies import MOST_MINUTES, Tallies

ORDERS = "/api/v1/orders"


def answered(endpoint=ORDERS, method="GET", status=200, seconds=0.001, code=""):
    return Answered(endpoint, "view", method, status, seconds, code, "id", "127.0.0.1")


@pytest.fixture
def minute(monkeypatch):
    """Sets the minute it is."""

    def be(number):
        monkeypatch.setattr(module.time, "time", lambda: number * 60 + 5.0)

    be(100)
    return be


@pytest.fixture
def failures():
    return Counter("failures_total", "of a test", ["reason"], registry=CollectorRegistry())


def test_answers_are_counted_by_what_they_are(minute):
    tallies = Tallies()
    for seconds in (0.002, 0.004):
        tallies.count(answered(seconds=seconds))
    tallies.count(answered(method="POST", status=422, code="INSUFFICIENT_FUNDS", seconds=0.001))
    tally = tallies.take()[100]
    assert tally.requests == {
        (ORDERS, "GET", 200, ""): [2, 6000, 4000],
        (ORDERS, "POST", 422, "INSUFFICIENT_FUNDS"): [1, 1000, 1000],
    }
    assert sum(tally.latency.values()) == 3


def test_only_the_api_is_counted(minute):
    tallies = Tallies()
    for endpoint in ("/", "/metrics", "/admin/", "unmatched", "static", "/api-auth/login/"):
        tallies.count(answered(endpoint))
    assert tallies.take() == {}


def test_what_was_taken_is_not_taken_again(minute):
    tallies = Tallies()
    tallies.count(answered())
    assert tallies.take() and not tallies.take()


def test_each_answer_stays_in_its_minute(minute):
    tallies = Tallies()
    tallies.count(answered())
    minute(101)
    tallies.count(answered())
    tallies.count(answered())
    taken = tallies.take()
    assert [taken[m].requests[ORDERS, "GET", 200, ""][0] for m in (100, 101)] == [1, 2]


def test_a_code_that_is_none_of_ours_is_no_label(minute):
    tallies = Tallies()
    tallies.count(answered(status=400, code="x" * 5000))
    assert list(tallies.take()[100].requests) == [(ORDERS, "GET", 400, "")]


def test_memory_is_bounded_and_no_count_is_lost(minute):
    tallies = Tallies()
    for number in range(3 * MOST_MINUTES):
        minute(number)
        tallies.count(answered(seconds=0.001 * (number + 1)))
    taken = tallies.take()
    assert len(taken) == MOST_MINUTES and min(taken) == 2 * MOST_MINUTES
    assert sum(each.requests[ORDERS, "GET", 200, ""][0] for each in taken.values()) == 3 * MOST_MINUTES
    assert sum(sum(each.latency.values()) for each in taken.values()) == 3 * MOST_MINUTES


def test_a_counter_of_prometheus_is_told_by_its_growth(minute, failures):
    failures.labels("password").inc(2)
    tallies = Tallies([failures])
    assert tallies.take() == {}  # what was there before is not ours
    failures.labels("password").inc(3)
    failures.labels("code").inc()
    assert tallies.take()[100].counters == {("failures_total", "password"): 3, ("failures_total", "code"): 1}
    assert tallies.take() == {}
    failures.labels("code").inc()
    assert tallies.take()[100].counters == {("failures_total", "code"): 1}


def test_growth_beside_answers_is_added_to_what_is_there(minute, failures):
    tallies = Tallies([failures])
    tallies.count(answered())
    failures.labels("code").inc()
    tally = tallies.take()[100]
    assert tally.counters == {("failures_total", "code"): 1} and len(tally.requests) == 1


def test_a_forked_child_counts_only_its_own(minute, failures):
    tallies = Tallies([failures])
    tallies.count(answered())
    failures.labels("code").inc()
    if os.fork() == 0:
        began_empty = tallies.take() == {}
        tallies.count(answered())
        failures.labels("code").inc()
        tally = tallies.take()[100]
        own = tally.requests[ORDERS, "GET", 200, ""][0] == 1 and sum(tally.counters.values()) == 1
        os._exit(0 if began_empty and own else 1)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
    tally = tallies.take()[100]
    assert len(tally.requests) == len(tally.counters) == 1
