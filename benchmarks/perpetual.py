"""What risk costs: the same batches of 100 orders on a perpetual and on spot, in turn."""

from decimal import Decimal
from time import perf_counter

from benchmarks.durable_flow import HalfTrading, check_traded
from benchmarks.measure import Comparison, Round, in_turn
from benchmarks.venue import mark, open_venue
from trading.services import submit

SPOT, PERPETUAL = "BTC-USDT", "BTC-PERP"
BID, ASK = Decimal("59999.9"), Decimal("60000.0")
BATCH = 100
BATCHES = 25  # in a round
ROUNDS = 15


def run() -> list[Comparison]:
    venue = open_venue()
    mark(PERPETUAL, Decimal(60_000))
    flows = [HalfTrading(venue, symbol, bid=BID, ask=ASK) for symbol in (PERPETUAL, SPOT)]
    rounds = [_rounds(flow) for flow in flows]
    for warm_up in rounds:
        warm_up()
    ours, spot = in_turn(dict(zip(("perpetual", "spot"), rounds, strict=True)), "orders/s", ROUNDS)
    notes = (
        f"{BATCHES} batches of {BATCH} orders a round, half of them trade; 200 accounts with positions of both signs.",
        "0.77 of spot is what 30% more time for a batch comes to.",
    )
    what = f"perpetual: whole service with positions, margin and exposure, batches of {BATCH}"
    return [Comparison(what, "0.77 of the same orders on spot", ours, (spot,), notes)]


def _rounds(flow: HalfTrading) -> Round:
    flow.fill_queues()

    def run_round() -> tuple[int, float]:
        batches = [flow.batch(BATCH) for _ in range(BATCHES)]
        seconds = 0.0
        for batch in batches:
            begun = perf_counter()
            outcomes = submit(flow.symbol, batch)
            seconds += perf_counter() - begun
            check_traded(outcomes, BATCH // 2)
        return BATCH * BATCHES, seconds

    return run_round
