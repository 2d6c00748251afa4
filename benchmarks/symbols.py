"""Four markets with shared users: two processes at once, beside one process that does the same."""

import os
import time

from django.db import connection

from benchmarks.durable_flow import HalfTrading
from benchmarks.measure import Comparison, Round, in_turn
from benchmarks.trader import trade_at_once, traders
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
    with traders(url, url, url) as (alone, *pair):
        contestants: dict[str, Round] = {
            "two processes": lambda: trade_at_once(pair, SYMBOLS, BATCHES // 2, BATCH),
            "one process": lambda: trade_at_once([alone], SYMBOLS, BATCHES, BATCH),
        }
        for warm_up in contestants.values():
            warm_up()
        ours, single = in_turn(contestants, "orders/s", ROUNDS)
    deadlocks, rollbacks = (after - before for after, before in zip(_troubles(), troubles, strict=True))
    batches = 2 * (ROUNDS + 1) * BATCHES * len(SYMBOLS)
    notes = (
        f"{len(SYMBOLS)} markets, {BATCHES} batches of {BATCH} orders in each a round, 200 people who trade in all; "
        "every process matches every market, a thread each.",
        f"In all {batches} batches the server counted {deadlocks} deadlocks and {rollbacks} transactions rolled back "
        "(a batch that runs again rolls back first).",
    )
    goal = "no deadlock, no retry storm; the single-process figure"
    return [Comparison("four symbols, two processes, shared users", goal, ours, (single,), notes)]


def _troubles() -> tuple[int, int]:
    """Deadlocks and rollbacks in this database so far."""
    time.sleep(STATISTICS_LAG_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT deadlocks, xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        )
        deadlocks, rollbacks = cursor.fetchone()
        return deadlocks, rollbacks
