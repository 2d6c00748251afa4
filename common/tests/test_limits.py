"""Counters of a minute: all or nothing, exact over processes, and what a lost Redis changes."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
import redis
from django.conf import settings as site

from common import shared_counters
from common.limits import Counter, Scope, Taken, take, tally
from common.meters import rate_limit_hits
from common.shared_counters import SharedCounters, Step
from common.tests.minute import endless_minute

ALICE = Counter(Scope.REQUESTS, "user:1", 5)
HER_ADDRESS = Counter(Scope.ADDRESS, "address:192.0.2.7", 8)
HER_ACCOUNT = Counter(Scope.LOG_IN, "user:alice", 2)


@pytest.fixture(autouse=True)
def clock(settings, monkeypatch):
    return endless_minute(settings, monkeypatch)


@pytest.fixture
def server():
    with redis.Redis.from_url(site.REDIS_URL) as client:
        yield client


def left(taken: Taken):
    return [usage.limit - usage.used for usage in taken.usages]


def test_a_request_counts_in_all_its_counters():
    assert left(take([ALICE, HER_ADDRESS], 3)) == [2, 5]
    assert left(take([ALICE, HER_ADDRESS])) == [1, 4]


def test_what_does_not_fit_in_one_counter_counts_in_none():
    take([ALICE, HER_ADDRESS], 3)
    refused = take([ALICE, HER_ADDRESS], 3)
    assert refused.refused == refused.told == refused.usages[0] and left(refused) == [2, 5]
    assert left(take([ALICE, HER_ADDRESS], 2)) == [0, 3]


def test_the_counter_that_refuses_is_the_one_that_is_told():
    take([ALICE._replace(who="user:2"), HER_ADDRESS], 5)
    refused = take([ALICE, HER_ADDRESS], 4)
    assert refused.told.scope is Scope.ADDRESS and refused.told.used == 5


def test_what_is_heavier_than_the_limit_never_fits():
    assert take([ALICE], 6).refused and left(take([ALICE], 5)) == [0]


def test_a_refusal_shows_in_the_metrics():
    before = rate_limit_hits.labels("requests")._value.get()
    take([ALICE], 6)
    take([ALICE], 6, tell=False)
    assert rate_limit_hits.labels("requests")._value.get() == before + 1


def test_a_new_minute_begins_anew(clock):
    taken = take([ALICE], 5)
    clock.seconds += taken.told.reset_seconds
    assert left(take([ALICE])) == [4]


def test_not_all_clients_start_anew_in_the_same_second():
    resets = {take([ALICE._replace(who=f"user:{number}")]).told.reset_seconds for number in range(20)}
    assert len(resets) > 5 and all(1 <= reset <= 60 for reset in resets)


def test_counters_do_not_stay_in_redis(server, settings):
    take([ALICE, HER_ADDRESS])
    names = list(server.scan_iter(f"{settings.LIMITS_PREFIX}:*"))
    assert len(names) == 2 and all(0 < server.ttl(name) <= 120 for name in names)


def test_what_is_only_tallied_goes_beyond_the_limit():
    assert [tally(HER_ACCOUNT, 1).used for _ in range(3)] == [1, 2, 3]
    assert [tally(HER_ACCOUNT, 0).used for _ in range(3)] == [3, 3, 3]
    assert tally(HER_ACCOUNT, 0).limit == 2


def test_without_limits_nothing_is_counted(settings):
    settings.RATE_LIMIT_ENABLED = False
    assert take([ALICE], 99) is None and tally(ALICE, 1) is None


# ---- several processes ----

TRIES = """
import django, sys
from django.conf import settings
django.setup()
from common.limits import Counter, Scope, take
import common.limits
settings.RATE_LIMIT_ENABLED, settings.LIMITS_PREFIX = True, sys.argv[1]
common.limits.time = type("Clock", (), {"time": staticmethod(lambda: 1_700_000_000)})
sys.stdout.write("ready\\n"); sys.stdout.flush()
sys.stdin.readline()
both = [Counter(Scope.ORDERS, "key:1", 100), Counter(Scope.ADDRESS, "address:x", 1000)]
print(sum(take(both, weight).refused is None for weight in [1] * 60))
"""


def test_of_240_tries_in_4_processes_exactly_as_many_pass_as_the_limit_says(settings):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TRIES, settings.LIMITS_PREFIX],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    passed = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(passed) == 100


# ---- Redis goes and comes ----


class Away:
    """Counters whose Redis can be taken away: `away`, and the time, are set by the test."""

    def __init__(self, monkeypatch):
        self.away, self.now, self.asked = False, 1000.0, 0
        self.counters = SharedCounters(site.REDIS_URL)
        real = self.counters._script

        def script(**arguments):
            self.asked += 1
            if self.away:
                raise redis.ConnectionError
            return real(**arguments)

        self.counters._script = script
        monkeypatch.setattr(shared_counters, "time", SimpleNamespace(monotonic=lambda: self.now))

    def passes(self, name, most, tries=1):
        return sum(self.counters.step([Step(name, 1, most)])[0] for _ in range(tries))


@pytest.fixture
def one(monkeypatch):
    return Away(monkeypatch)


@pytest.fixture
def name(settings):
    return f"{settings.LIMITS_PREFIX}:orders:key:1:7"


def test_without_redis_a_process_goes_on_from_what_it_last_saw(one, name):
    assert one.passes(name, 5, tries=3) == 3
    one.away = True
    assert one.passes(name, 5, tries=9) == 2


def test_what_was_counted_here_while_redis_was_asked_is_not_forgotten(one, name):
    """Two threads: Redis answers the one when the other has already been told that it is away."""
    real = one.counters._script

    def slow(**arguments):
        counts = real(**arguments)
        one.counters._memory.step([Step(name, 1, 9)])
        return counts

    one.counters._script = slow
    one.passes(name, 9)
    one.counters._script, one.away = real, True
    assert one.counters.step([Step(name, 1, 9)]) == (True, [3])


def test_a_redis_that_came_back_is_told_what_was_used_without_it(one, name, server):
    one.passes(name, 5, tries=2)
    one.away = True
    one.passes(name, 5, tries=2)
    one.away, one.now = False, one.now + shared_counters.RETRY_AFTER_SECONDS
    assert one.passes(name, 5, tries=9) == 1
    assert server.get(name) == b"5"


def test_a_redis_that_was_emptied_is_no_open_door(one, name, server):
    assert one.passes(name, 5, tries=4) == 4
    server.delete(name)
    assert one.passes(name, 5, tries=9) == 1


def test_a_redis_that_is_away_is_left_alone_for_two_seconds(one, name):
    one.away = True
    one.passes(name, 99, tries=5)
    assert one.asked == 1
    one.now += shared_counters.RETRY_AFTER_SECONDS
    one.passes(name, 99)
    assert one.asked == 2


def test_who_is_known_to_be_above_the_limit_costs_redis_nothing(one, name):
    one.passes(name, 3, tries=3)
    asked = one.asked
    assert one.passes(name, 3, tries=10) == 0 and one.asked == asked


def test_two_processes_share_one_counter(one, name):
    other = SharedCounters(site.REDIS_URL)
    assert [one.passes(name, 3), other.step([Step(name, 1, 3)]), one.passes(name, 3)] == [1, (True, [2]), 1]
    assert other.step([Step(name, 1, 3)]) == (False, [3])


def test_what_another_process_has_used_up_is_not_taken_from_any_counter(one, name, server):
    other = SharedCounters(site.REDIS_URL)
    other.step([Step(name, 4, 5)])
    assert one.counters.step([Step(name, 2, 5), Step(f"{name}:address", 2, 9)]) == (False, [4, 0])
    assert server.get(name) == b"4" and server.get(f"{name}:address") is None


def test_what_is_remembered_ends_with_the_second_rotation(one, name):
    one.away = True
    one.passes(name, 1)
    one.now += shared_counters.KEPT_SECONDS
    one.passes(f"{name}:other", 1)
    assert one.passes(name, 1) == 0
    one.now += shared_counters.KEPT_SECONDS
    one.passes(f"{name}:another", 1)
    assert one.passes(name, 1) == 1


def test_more_clients_than_can_be_remembered_push_out_the_oldest_only(one, name, monkeypatch):
    monkeypatch.setattr(shared_counters, "MOST_REMEMBERED", 3)
    one.away = True
    for number in range(4):
        one.passes(f"{name}:{number}", 1)
    assert one.passes(f"{name}:3", 1) == 0
    assert len(one.counters._memory._newer) <= 3


def test_a_connection_that_was_closed_meanwhile_is_opened_anew(name, server):
    counters = SharedCounters(site.REDIS_URL)
    counters.step([Step(name, 1, 9)])
    server.client_kill_filter(_id=counters._client.client_id())
    assert counters.step([Step(name, 1, 9)]) == (True, [2])
    assert counters._away_until == 0
