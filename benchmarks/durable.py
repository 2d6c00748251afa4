"""The whole service, everything committed: batches of 100 orders of which half trade, beside the COPY floor."""

from time import perf_counter

import psycopg
from django.db import connection

from benchmarks.durable_flow import HalfTrading, check_traded
from benchmarks.floor import copy_rows, make_floor, rows_between
from benchmarks.measure import Comparison, in_turn
from benchmarks.venue import open_venue
from market.selectors import market_by_symbol
from trading.models import BookState
from trading.services import submit

SYMBOL = "BTC-USDT"
BATCH = 100
BATCHES = 50  # in a round
ROUNDS = 9


def run() -> list[Comparison]:
    flow = HalfTrading(open_venue(), SYMBOL)
    flow.fill_queues()
    connection.ensure_connection()
    with psycopg.connect(connection.connection.info.dsn, autocommit=True) as floor:
        make_floor(floor)
        rounds = DurableRounds(flow, floor)
        for warm_up in (rounds.service, rounds.copy):
            warm_up()
        contestants = {"the service": rounds.service, "COPY of the same rows": rounds.copy}
        ours, copied = in_turn(contestants, "orders/s", ROUNDS)
    notes = (
        f"{BATCHES} batches of {BATCH} orders a round, half of them trade; {rounds.rows_per_order:.1f} rows written "
        "or changed per order; 200 accounts.",
        "The floor's rows are ready as text before its clock runs.",
    )
    what = f"durable: whole service, batches of {BATCH}, half of the orders trade"
    return [Comparison(what, "10,000 orders/s, and half of the floor", ours, (copied,), notes)]


class DurableRounds:
    """Rounds of the service, and rounds of the floor with the rows that the service has just written."""

    def __init__(self, flow: HalfTrading, floor: psycopg.Connection) -> None:
        self.flow = flow
        self.floor = floor
        self.rows_per_order = 0.0
        self.market_id = market_by_symbol(flow.symbol).pk
        self.sequences: list[int] = []

    def service(self) -> tuple[int, float]:
        batches = [self.flow.batch(BATCH) for _ in range(BATCHES)]
        self.sequences = [self._sequence()]
        seconds = 0.0
        for batch in batches:
            begun = perf_counter()
            outcomes = submit(self.flow.symbol, batch)
            seconds += perf_counter() - begun
            check_traded(outcomes, BATCH // 2)
            self.sequences.append(self._sequence())
        return BATCH * BATCHES, seconds

    def copy(self) -> tuple[int, float]:
        rows = rows_between(self.floor, self.market_id, self.sequences)
        self.rows_per_order = sum(batch.number() for batch in rows) / (BATCH * BATCHES)
        return BATCH * BATCHES, copy_rows(self.floor, rows)

    def _sequence(self) -> int:
        return BookState.objects.values_list("sequence", flat=True).get(market_id=self.market_id)
