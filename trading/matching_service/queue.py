"""Group commit: requests that wait for the same symbol in one process go into one transaction.

Whoever comes first leads: it takes all that waits, carries it through the pipeline on its own thread, hands
out the outcomes and passes the lead on. One commit, many orders; no thread is special.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from common.errors import Refused
from trading.matching_service.requests import Outcome, Request
from trading.meters import QUEUE_DEPTH, RETRIES

MOST_REQUESTS_IN_A_BATCH = 500

RunBatch = Callable[[str, Sequence[Request]], list[Outcome]]


class _Job:
    __slots__ = ("error", "had_to_wait", "outcomes", "requests", "wake")

    def __init__(self, requests: Sequence[Request]) -> None:
        self.requests = requests
        self.outcomes: list[Outcome] | None = None
        self.error: BaseException | None = None
        self.had_to_wait = False  # for a batch before its own
        self.wake = threading.Lock()  # released when the job is done or is to lead
        self.wake.acquire()

    @property
    def is_done(self) -> bool:
        return self.outcomes is not None or self.error is not None


class _SymbolQueue:
    def __init__(self, symbol: str) -> None:
        self.mutex = threading.Lock()
        self.waiting: deque[_Job] = deque()
        self.is_led = False
        self._depth = QUEUE_DEPTH.labels(symbol)
        RETRIES.labels(symbol)  # shown as 0, so that the first one is a rise

    def enter(self, job: _Job) -> bool:
        """Join the queue; True if the caller leads."""
        with self.mutex:
            self.waiting.append(job)
            leads, self.is_led = not self.is_led, True
            if not leads:
                job.had_to_wait = True
                self._depth.inc(len(job.requests))
            return leads

    def take_batch(self) -> list[_Job]:
        with self.mutex:
            batch = [self.waiting.popleft()]
            size = len(batch[0].requests)
            while self.waiting and size + len(self.waiting[0].requests) <= MOST_REQUESTS_IN_A_BATCH:
                batch.append(self.waiting.popleft())
                size += len(batch[-1].requests)
            if late := sum(len(job.requests) for job in batch if job.had_to_wait):
                self._depth.dec(late)
            return batch

    def pass_on(self) -> None:
        with self.mutex:
            if self.waiting:
                self.waiting[0].wake.release()
            else:
                self.is_led = False


class GroupCommit:
    """One queue per symbol in front of `run_batch`."""

    def __init__(self, run_batch: RunBatch) -> None:
        self._run_batch = run_batch
        self._queues: dict[str, _SymbolQueue] = {}
        self._mutex = threading.Lock()

    def submit(self, symbol: str, requests: Sequence[Request]) -> list[Outcome]:
        """One outcome per request, in order, once they are committed. Raises what the pipeline raised."""
        queue = self._queue(symbol)
        job = _Job(requests)
        if not queue.enter(job):
            job.wake.acquire()
        if not job.is_done:
            self._lead(symbol, queue, job)
        if job.error is not None:
            raise job.error
        assert job.outcomes is not None
        return job.outcomes

    def _lead(self, symbol: str, queue: _SymbolQueue, own: _Job) -> None:
        batch = queue.take_batch()
        assert batch[0] is own
        try:
            self._run(symbol, batch)
        finally:
            for job in batch[1:]:
                if not job.is_done:  # this thread was interrupted
                    job.error = RuntimeError("matching was interrupted: the outcome is unknown")
                job.wake.release()
            queue.pass_on()

    def _run(self, symbol: str, batch: list[_Job]) -> None:
        try:
            outcomes = self._run_batch(symbol, [request for job in batch for request in job.requests])
        except Refused as refused:  # of the batch as a whole: alone none would fare better
            for job in batch:
                job.error = refused
            return
        except Exception as error:
            self._run_one_by_one(symbol, batch, error)
            return
        for job in batch:
            job.outcomes, outcomes = outcomes[: len(job.requests)], outcomes[len(job.requests) :]

    def _run_one_by_one(self, symbol: str, batch: list[_Job], error: Exception) -> None:
        """A request that brings the pipeline down must not take its neighbours with it."""
        if len(batch) == 1:
            batch[0].error = error
            return
        for job in batch:
            try:
                job.outcomes = self._run_batch(symbol, job.requests)
            except Exception as own_error:
                job.error = own_error

    def _queue(self, symbol: str) -> _SymbolQueue:
        queue = self._queues.get(symbol)
        if queue is None:
            with self._mutex:
                queue = self._queues.setdefault(symbol, _SymbolQueue(symbol))
        return queue
