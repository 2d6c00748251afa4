"""Under full load the parts of the exchange are killed at random moments, and nobody is told a lie.

CRASH_SEED in the environment repeats a run's moments and orders, CRASH_ROUNDS makes it longer.
"""

import logging
import os
import random
import signal
import time
from collections.abc import Callable

import pytest

from exchange_site.tests.load import Load
from exchange_site.tests.own_servers import OwnServers

logger = logging.getLogger(__name__)

SEED = int(os.environ.get("CRASH_SEED") or random.SystemRandom().randrange(1_000_000))
ROUNDS = int(os.environ.get("CRASH_ROUNDS") or 22)
PROGRAMS = ("web", "sockets", "worker", "proxy")
MOST_ORDERS_TO_A_DEATH = 60
MOST_SECONDS_TO_A_DEATH = 0.1

Death = Callable[[OwnServers], None]


def the_server_dies(own: OwnServers) -> None:
    """The processes that clients talk to, both kinds at once."""
    own.exchange.kill("web", "sockets")
    own.exchange.start("web", "sockets")


def the_worker_dies(own: OwnServers) -> None:
    own.exchange.kill("worker")
    own.exchange.start("worker")


def the_database_dies(own: OwnServers) -> None:
    """As by `pg_ctl stop -m immediate`."""
    own.kill_database(signal.SIGQUIT)
    own.start_database()


def the_power_fails(own: OwnServers) -> None:
    own.kill_everything()
    own.start(*PROGRAMS)


DEATHS = (the_server_dies, the_worker_dies, the_database_dies)


def await_a_moment(load: Load, die: Death, chance: random.Random) -> None:
    """Whoever is to die has come up since the last time, and is at work."""
    if die in (the_worker_dies, the_power_fails):
        load.await_progress("switch struck", 1)
    else:
        load.await_progress("placed", chance.randint(1, MOST_ORDERS_TO_A_DEATH))
    time.sleep(MOST_SECONDS_TO_A_DEATH * chance.random())  # anywhere within the next orders


@pytest.mark.timeout(120 + 20 * ROUNDS)
def test_nothing_acknowledged_is_lost_or_doubled_whatever_dies_and_whenever(own: OwnServers) -> None:
    logger.warning("CRASH_SEED=%s", SEED)  # shown if the test fails
    chance = random.Random(SEED)
    deaths = [DEATHS[number % len(DEATHS)] for number in range(ROUNDS - 1)] + [the_power_fails]
    chance.shuffle(deaths)
    own.start(*PROGRAMS)
    load = Load(own, chance)
    load.start()
    for die in deaths:
        await_a_moment(load, die, chance)
        logger.warning(die.__name__)
        die(own)
    load.await_progress("switch struck", 1)
    load.stop()
    logger.warning(load.record.counts)
    assert load.differences() == []
    own.manage("audit")
