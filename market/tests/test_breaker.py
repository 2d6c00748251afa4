"""A feed that fails is left alone for a growing while."""

from datetime import timedelta
from decimal import Decimal

import pytest

from market.feeds.breaker import GuardedFeed
from market.feeds.price_feed import FeedFailed

PRICE = {"BTC-USDT": Decimal(64_000)}


class ScriptedFeed:
    name = "binance"

    def __init__(self):
        self.works = False
        self.calls = 0

    def fetch(self, symbols):
        self.calls += 1
        if not self.works:
            raise FeedFailed("dead network")
        return PRICE


@pytest.fixture
def dead(no_memory_of_feeds):
    return ScriptedFeed()


def ask(guarded, times=1):
    for _ in range(times):
        with pytest.raises(FeedFailed):
            guarded.fetch(["BTC-USDT"])


def time_passes(guarded, seconds):
    storage = guarded.storage
    storage._set("opened_at", storage.opened_at - timedelta(seconds=seconds))


def test_a_feed_that_works_is_asked_each_time(dead):
    dead.works = True
    guarded = GuardedFeed(dead)
    assert [guarded.fetch(["BTC-USDT"]) for _ in range(5)] == [PRICE] * 5
    assert dead.calls == 5


def test_after_three_failures_a_dead_feed_costs_nothing(dead):
    ask(GuardedFeed(dead), times=50)
    assert dead.calls == 3


def test_two_failures_and_a_success_do_not_add_up(dead):
    guarded = GuardedFeed(dead)
    for works in (False, False, True, False, False, True):
        dead.works = works
        if works:
            guarded.fetch(["BTC-USDT"])
        else:
            ask(guarded)
    assert dead.calls == 6


def test_all_processes_share_what_one_of_them_found_out(dead):
    ask(GuardedFeed(dead), times=3)
    other_process = GuardedFeed(dead)
    ask(other_process, times=5)
    assert dead.calls == 3


def test_the_pause_doubles_up_to_ten_minutes(dead):
    guarded = GuardedFeed(dead)
    ask(guarded, times=3)
    pauses = []
    for _ in range(7):
        pauses.append(guarded.pause_seconds)
        time_passes(guarded, pauses[-1] - 1)
        before = dead.calls
        ask(guarded)
        assert dead.calls == before
        time_passes(guarded, 1)
        ask(guarded, times=3)
        assert dead.calls == before + 1
    assert pauses == [30, 60, 120, 240, 480, 600, 600]


def test_one_good_answer_after_the_pause_closes_it_and_forgets_the_past(dead):
    guarded = GuardedFeed(dead)
    ask(guarded, times=3)
    time_passes(guarded, 30)
    dead.works = True
    other_process = GuardedFeed(dead)
    assert guarded.fetch(["BTC-USDT"]) == PRICE
    assert other_process.fetch(["BTC-USDT"]) == PRICE
    dead.works = False
    before = dead.calls
    ask(guarded, times=10)
    assert dead.calls == before + 3
    assert guarded.pause_seconds == 30
