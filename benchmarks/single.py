"""The whole service with one order a batch, beside transactions that insert one order row and do nothing else."""

from time import perf_counter
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql

from benchmarks.durable_flow import HalfTrading, check_traded
from benchmarks.floor import make_floor
from benchmarks.measure import Comparison, in_turn
from benchmarks.venue import open_venue
from trading.services import submit

SYMBOL = "BTC-USDT"
ORDERS = 400  # in a round
ROUNDS = 9


def run() -> list[Comparison]:
    flow = HalfTrading(open_venue(), SYMBOL)
    flow.fill_queues()
    connection.ensure_connection()
    with psycopg.connect(connection.connection.info.dsn, autocommit=True) as floor:
        make_floor(floor)
        rounds = SingleRounds(flow, floor)
        for warm_up in (rounds.service, rounds.bare):
            warm_up()
        contestants = {"the service": rounds.service, "bare transactions": rounds.bare}
        ours, bare = in_turn(contestants, "orders/s", ROUNDS)
    notes = (
        f"{ORDERS} orders a round, one after the other from one client, half of them trade.",
        "A bare transaction is BEGIN, INSERT of one order row (the same columns, checks and indexes), COMMIT.",
    )
    what = "durable: whole service, one order a batch"
    return [Comparison(what, "half of bare single-order transactions", ours, (bare,), notes)]


class SingleRounds:
    """Rounds of the service, and rounds that insert the order rows that the service has just written."""

    def __init__(self, flow: HalfTrading, floor: psycopg.Connection) -> None:
        self.flow = flow
        self.floor = floor
        self.order_ids: list[int] = []

    def service(self) -> tuple[int, float]:
        requests = self.flow.batch(ORDERS)
        begun = perf_counter()
        outcomes = [submit(self.flow.symbol, [request])[0] for request in requests]
        seconds = perf_counter() - begun
        self.order_ids = [placed.order.id for placed in check_traded(outcomes, ORDERS // 2)]
        return ORDERS, seconds

    def bare(self) -> tuple[int, float]:
        rows, insert = self._rows()
        begun = perf_counter()
        for row in rows:
            with self.floor.transaction():
                self.floor.execute(insert, row, prepare=True)
        return ORDERS, perf_counter() - begun

    def _rows(self) -> tuple[list[tuple[Any, ...]], sql.Composed]:
        """The rows, and the statement that inserts one."""
        selected = self.floor.execute("SELECT * FROM trading_order WHERE id = ANY(%s)", [self.order_ids])
        columns = [sql.Identifier(column.name) for column in selected.description or ()]
        insert = sql.SQL("INSERT INTO floor.orders ({}) VALUES ({})").format(
            sql.SQL(", ").join(columns), sql.SQL(", ").join(sql.Placeholder() * len(columns))
        )
        return selected.fetchall(), insert
