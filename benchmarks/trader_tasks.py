"""What a trader's process can be told to do."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Lock
from typing import Any

import psutil
import psycopg
from django.db import connection

from accounts.models import Account
from benchmarks import history, venue
from benchmarks.durable_flow import HalfTrading, check_traded
from benchmarks.venue import Venue
from common.errors import ErrorCode, Refused
from trading.matching_service.requests import Outcome
from trading.services import PlaceRequest, submit

_flows: dict[str, HalfTrading] = {}
_prepared: dict[str, list[list[PlaceRequest]]] = {}
_sent_again = 0
_counting = Lock()


def open_venue() -> None:
    venue.open_venue()


def make_history(symbol: str, orders: int) -> None:
    connection.ensure_connection()
    with psycopg.connect(connection.connection.info.dsn, autocommit=True) as own:
        history.make_history(own, _flow(symbol), orders)


def rest_behind(symbol: str, orders: int) -> None:
    _flow(symbol).rest_behind(orders)


def fill_queues(symbol: str) -> None:
    _flow(symbol).fill_queues()


def prepare(symbols: Sequence[str], batches: int, batch_size: int) -> None:
    """Make the batches that `trade` will send, so that only sending them is measured."""
    _prepared.clear()
    for symbol in symbols:
        _prepared[symbol] = [_flow(symbol).batch(batch_size) for _ in range(batches)]


def trade() -> int:
    """Send what was prepared, a thread for each market; how many orders that were."""
    with ThreadPoolExecutor(len(_prepared)) as threads:
        return sum(threads.map(_submit_all, _prepared))


def sent_again() -> int:
    """How many batches so far were refused as a whole (the market was busy for too long) and sent again."""
    return _sent_again


def resident_mib() -> int:
    """The memory of this process."""
    return int(psutil.Process().memory_info().rss / 2**20)


def _submit_all(symbol: str) -> int:
    try:
        outcomes = [outcome for batch in _prepared[symbol] for outcome in _submit(symbol, batch)]
    finally:
        connection.close()
    check_traded(outcomes, len(outcomes) // 2)
    return len(outcomes)


def _submit(symbol: str, batch: list[PlaceRequest]) -> list[Outcome]:
    """As a client does: what is refused because the market is busy is sent again."""
    global _sent_again  # noqa: PLW0603 - a counter of this process
    while True:
        try:
            return submit(symbol, batch)
        except Refused as refused:
            if refused.code != ErrorCode.UNAVAILABLE:
                raise
            with _counting:
                _sent_again += 1


def _flow(symbol: str) -> HalfTrading:
    """One for each market, of the people that are there; another order of accounts in each process."""
    if symbol not in _flows:
        people = list(Account.objects.filter(kind="user").order_by("pk").values_list("pk", flat=True))
        half = len(people) // 2
        _flows[symbol] = HalfTrading(Venue(people[:half], people[half:]), symbol, Random().getrandbits(32))
    return _flows[symbol]


TASKS: dict[str, Callable[..., Any]] = {
    task.__name__: task
    for task in (open_venue, make_history, rest_behind, fill_queues, prepare, trade, sent_again, resident_mib)
}
