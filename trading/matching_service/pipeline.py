"""One batch of requests for one symbol, from the lock to the commit: the life of an order, in seven steps."""

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import psycopg
from django.db import Error as DatabaseError
from django.db import connection

from common.errors import ErrorCode, Refused
from common.pipelined import Pipeline, roll_back
from trading import meters
from trading.matching_service import statements, warm
from trading.matching_service.batch import Batch
from trading.matching_service.carried import Denial, FundsChanged
from trading.matching_service.counting import count_committed
from trading.matching_service.publish import publisher
from trading.matching_service.requests import Outcome, Request

MOST_ATTEMPTS = 4

_books: dict[str, warm.WarmBook] = {}


def run_batch(symbol: str, requests: Sequence[Request]) -> list[Outcome]:
    """Carry out all requests in order in one transaction; one outcome each.

    One thread per symbol at a time. Raises Refused UNKNOWN_SYMBOL or UNAVAILABLE for the batch as a whole.
    """
    begun = perf_counter()
    try:
        return _until_it_is_done(symbol, requests)
    finally:
        meters.BATCH_REQUESTS.labels(symbol).observe(len(requests))
        meters.BATCH_SECONDS.labels(symbol).observe(perf_counter() - begun)


def _until_it_is_done(symbol: str, requests: Sequence[Request]) -> list[Outcome]:
    refused: dict[int, Refused] = {}
    denied: set[Denial] = set()
    sent: list[Batch] = []
    order_ids: list[int] = []
    failures = 0
    while True:
        try:
            return _in_transaction(symbol, requests, refused, denied, order_ids, sent)
        except FundsChanged as spent:
            refused |= spent.refused
            denied |= spent.denied
            meters.RETRIES.labels(symbol).inc()
        except (DatabaseError, psycopg.Error) as error:
            _books.pop(symbol, None)
            failures += 1
            _give_up_or_try_again(error, failures)
            meters.RETRIES.labels(symbol).inc()
        except BaseException:
            _books.pop(symbol, None)
            raise


def _in_transaction(
    symbol: str, requests: Sequence[Request], refused: dict[int, Refused], denied: set[Denial], order_ids: list[int],
    sent: list[Batch],
) -> list[Outcome]:  # fmt: skip
    """sent: earlier attempts whose commit was sent and not answered, and then this one."""
    assert not connection.in_atomic_block, "a batch is a transaction of its own"
    connection.ensure_connection()
    raw = connection.connection
    batch = Batch(symbol, requests, raw, psycopg.Cursor(raw), refused, denied, order_ids)
    try:
        batch.lock_symbol()  # 1 one writer per symbol from here on
        if sent and _was_committed(sent[-1], raw):
            return _finish(sent[-1], sent[-1].answer())
        batch.use_book(_bring_book(batch))  # 2 replay what other processes wrote
        batch.match_and_settle()  # 3, 4 pure: commands in, events and money out
        if batch.events:
            batch.lock_balances()  # 5 once, sorted
            batch.judge()  # 6 funds hold under the lock
            sent.append(batch)
            batch.write()  # 7 events, orders, trades, postings, balances, sequence; and the commit behind them
        outcomes = batch.answer()  # made while the server writes
        batch.commit()
    except FundsChanged:
        batch.book.undo()
        raise
    finally:
        roll_back(raw)
    return _finish(batch, outcomes)


def _was_committed(batch: Batch, raw: Any) -> bool:
    """Asked under the symbol's lock, which that batch held too: whatever became of it, it is over."""
    pipeline = Pipeline(raw)
    fate = statements.read_fate(pipeline, batch.transaction_id)
    pipeline.run()
    return fate.rows == [("committed",)]


def _finish(batch: Batch, outcomes: list[Outcome]) -> list[Outcome]:
    """After the commit."""
    batch.keep()
    if batch.events:
        count_committed(batch)
        publisher.note(batch.symbol, batch.book.sequence, batch.account_ids())
    return outcomes


def _bring_book(batch: Batch) -> warm.WarmBook:
    """The warm book at the locked sequence; loaded anew when it is missing, of another life or far behind."""
    known = _books.get(batch.symbol)
    if known is not None and not _brought_up(known, batch):
        known = None
    if known is None:
        known = _books[batch.symbol] = warm.load(batch.cursor, batch.symbol, batch.contract)
    warm.watch_prices(batch.cursor, known, batch.market.breaker)
    assert known.book.sequence == batch.sequence, "the log ends before the symbol's sequence"
    return known


def _brought_up(known: warm.WarmBook, batch: Batch) -> bool:
    if known.epoch != batch.epoch or known.book.sequence > batch.sequence:
        return False
    if known.book.sequence < batch.sequence and warm.catch_up(batch.cursor, known, batch.contract) is None:
        return False
    return known.book.status == batch.market.status


def _give_up_or_try_again(error: Exception, failures: int) -> None:
    """Returns if the batch may run again: the next attempt sees whether this one was committed."""
    cause: Any = error if isinstance(error, psycopg.Error) else error.__cause__
    last = failures == MOST_ATTEMPTS
    if isinstance(cause, psycopg.errors.UniqueViolation | psycopg.errors.DeadlockDetected):
        if last:
            raise Refused(ErrorCode.UNAVAILABLE, "Too much at once; try again.") from error
        return
    if isinstance(cause, psycopg.errors.LockNotAvailable | psycopg.errors.QueryCanceled):
        raise Refused(ErrorCode.UNAVAILABLE, "The market is busy; try again.") from error
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        connection.close()
        if last or failures > 1:
            raise Refused(
                ErrorCode.UNAVAILABLE,
                "The database cannot be reached. Whether the order was taken is unknown: "
                "send it again with the same client_order_id.",
            ) from error
        return
    raise error
