"""The durable figure on top of 5 million orders of history and 100,000 resting ones, beside empty tables."""

import os

from benchmarks.measure import Comparison, Round, in_turn
from benchmarks.scratch import scratch_database
from benchmarks.trader import Job, Trader, trade_at_once, traders

SYMBOL = "BTC-USDT"
HISTORY = int(os.environ.get("BENCH_HISTORY", "5000000"))  # orders; fewer to try it out
RESTING = int(os.environ.get("BENCH_RESTING", "100000"))
BATCH = 100
BATCHES = 50  # in a round
ROUNDS = 9


def run() -> list[Comparison]:
    with scratch_database() as empty_url, traders(os.environ["DATABASE_URL"], empty_url) as (grown, empty):
        grown.do("open_venue")
        grown.do("make_history", SYMBOL, HISTORY)
        grown.do("rest_behind", SYMBOL, RESTING)
        empty.do("open_venue")
        for trader in (grown, empty):
            trader.do("fill_queues", SYMBOL)
        return [_compare(grown, empty)]


def _compare(grown: Trader, empty: Trader) -> Comparison:
    contestants: dict[str, Round] = {
        "grown tables": lambda: trade_at_once(BATCH, Job(grown, [SYMBOL], BATCHES)),
        "empty tables": lambda: trade_at_once(BATCH, Job(empty, [SYMBOL], BATCHES)),
    }
    for warm_up in contestants.values():
        warm_up()
    before = grown.do("resident_mib")
    ours, beside = in_turn(contestants, "orders/s", ROUNDS)
    notes = (
        f"{HISTORY:,} orders of history with their events, trades and postings, {RESTING:,} orders resting; batches of "
        f"{BATCH}, half of the orders trade.",
        f"Memory of the process on grown tables: {before} MiB before and {grown.do('resident_mib')} MiB after "
        f"{ROUNDS * BATCHES * BATCH:,} orders; on empty tables {empty.do('resident_mib')} MiB.",
    )
    return Comparison(
        "growth: the durable figure on a long history", "90% of that on empty tables", ours, (beside,), notes
    )
