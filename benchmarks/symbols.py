"""Four markets with shared users: two processes at once, beside one process that does the same."""

import os
import time
from functools import partial

from django.db import connection

from benchmarks.durable_flow import HalfTrading
from benchmarks.measure import Comparison, Round, in_turn
from benchmarks.trader import Job, Trader, trade_at_once, traders
from benchmarks.venue import FOURTH_SYMBOL, open_venue

SYMBOLS = ["BTC-USDT", "ETH-USDT", "ETH-BTC", FOURTH_SYMBOL]
BATCH = 100
BATCHES = 20  # in a round, in each market
ROUNDS = 7
STATISTICS_LAG_SECONDS = 2  # the server's backends hand in their counts once a second


def run() -> list[Comparison]:
    venue = open_venue()
    for symbol in SYMBOLS:
        HalfTrading(venue, symbol).fill_queues()
    troubles = _troubles()
    url = os.environ["DATABASE_URL"]
    with traders(url, url, url) as (alone, first, second):
        contestants = _contestants(alone, first, second)
        for warm_up in contestants.values():
            warm_up()
        apart, together, single = in_turn(contestants, "orders/s", ROUNDS)
        sent_again = sum(trader.do("sent_again") for trader in (alone, first, second))
    deadlocks, rollbacks = (after - before for after, before in zip(_troubles(), troubles, strict=True))
    batches = len(contestants) * (ROUNDS + 1) * BATCHES * len(SYMBOLS)
    notes = (
        f"{BATCHES} batches of {BATCH} orders in each market a round, a thread for each, 200 people who trade in all.",
        f"In all {batches} batches the server counted {deadlocks} deadlocks and {rollbacks} transactions rolled back "
        f"(a batch that runs again rolls back first); {sent_again} were refused as busy and sent again.",
    )
    what, goal = (
        "four symbols, two processes, shared users",
        "no deadlock, no retry storm; the single-process figure",
    )
    return [
        Comparison(f"{what}: two symbols each", goal, apart, (single,), notes),
        Comparison(f"{what}: both match all four", goal, together, (single,), ()),
    ]


def _contestants(alone: Trader, first: Trader, second: Trader) -> dict[str, Round]:
    """Three ways of sending the same orders; a process that shares its markets replays what the other one wrote."""
    half = len(SYMBOLS) // 2
    ways = {
        "two processes, two symbols each": (
            Job(first, SYMBOLS[:half], BATCHES),
            Job(second, SYMBOLS[half:], BATCHES),
        ),
        "two processes, all symbols each": (
            Job(first, SYMBOLS, BATCHES // 2),
            Job(second, SYMBOLS, BATCHES // 2),
        ),
        "one process": (Job(alone, SYMBOLS, BATCHES),),
    }
    return {name: partial(trade_at_once, BATCH, *jobs) for name, jobs in ways.items()}


def _troubles() -> tuple[int, int]:
    """Deadlocks and rollbacks in this database so far."""
    time.sleep(STATISTICS_LAG_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT deadlocks, xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        )
        deadlocks, rollbacks = cursor.fetchone()
        return deadlocks, rollbacks
