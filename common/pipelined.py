"""Many statements in one round trip, each parsed and planned once per connection.

psycopg's own pipeline costs several times what the statements themselves cost: it turns lists into arrays
element by element in Python, and carries a cursor for each answer. This speaks to libpq through psycopg's
`pq` and leaves to psycopg what it does in C: reading rows.
"""

import select
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, PipelineStatus, TransactionStatus

from common.postgresql.base import given_up, patience

Row = tuple[Any, ...]

_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED)
# SQL -> the name under which this connection's server knows it.
_prepared: WeakKeyDictionary[Any, dict[str, bytes]] = WeakKeyDictionary()
_numbers = count(1)


class Answer:
    """The rows of one statement, once the pipeline has run."""

    __slots__ = ("rows",)

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def one(self) -> Row | None:
        return self.rows[0] if self.rows else None


class Pipeline:
    """Statements with `%s` for parameters, answered together by `run`. A list is one array parameter.

    A failure leaves the transaction to the caller, who rolls it back (`rolled_back`): statements after the failed
    one did nothing. A connection without autocommit begins its transaction here, as with any statement.
    """

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._known = _prepared.setdefault(connection, {})
        self._fresh: dict[str, bytes] = {}
        self._answers: list[Answer | None] = []  # None for a PREPARE

    def add(self, sql: str, *parameters: Any) -> Answer:
        if not self._answers:
            self._begin()
        return self._send(sql, parameters)

    def push(self) -> None:
        """Let the server begin with what was added, while more is being prepared here."""
        self._pgconn.flush()

    def run(self) -> None:
        """Wait for all answers. Raises psycopg.Error; of several the first."""
        if not self._answers:
            return
        answers, self._answers = self._answers, []
        self._pgconn.pipeline_sync()
        results = _results(self._connection)
        for result in results:
            if result.status in _FAILED:
                raise error_from_result(result, encoding=self._connection.info.encoding)
        self._known |= self._fresh  # only now: what was not reached was not prepared
        self._fresh = {}
        transformer = Transformer(self._connection)
        for result, answer in zip(results, answers, strict=True):
            if answer is not None and result.status == ExecStatus.TUPLES_OK:
                transformer.set_pgresult(result)
                answer.rows = transformer.load_rows(0, result.ntuples, tuple)

    def _begin(self) -> None:
        starts = not self._connection.autocommit and is_idle(self._connection)
        self._pgconn.enter_pipeline_mode()
        if starts:
            self._send("BEGIN", ())

    def _send(self, sql: str, parameters: Sequence[Any]) -> Answer:
        name = self._known.get(sql) or self._fresh.get(sql)
        if name is None:
            name = self._fresh[sql] = b"bourse_%d" % next(_numbers)
            self._pgconn.send_prepare(name, _numbered(sql))
            self._answers.append(None)
        self._pgconn.send_query_prepared(name, [_encoded(value) for value in parameters])
        answer = Answer()
        self._answers.append(answer)
        return answer


def roll_back(connection: "psycopg.Connection[Any]") -> None:
    """End the transaction that a failure left behind, whatever was still on its way. A lost connection stays lost."""
    pgconn = connection.pgconn
    if pgconn.status != ConnStatus.OK:
        return
    if pgconn.pipeline_status != PipelineStatus.OFF:
        pgconn.pipeline_sync()
        _results(connection)
    if not is_idle(connection):
        pgconn.enter_pipeline_mode()
        pgconn.send_query_params(b"ROLLBACK", None)
        pgconn.pipeline_sync()
        _results(connection)


def is_idle(connection: "psycopg.Connection[Any]") -> bool:
    """Whether the connection is in no transaction."""
    return connection.pgconn.transaction_status == TransactionStatus.IDLE


def _results(connection: "psycopg.Connection[Any]") -> list[Any]:
    """Send what libpq has gathered and wait for the answers, without holding the interpreter's lock meanwhile."""
    pgconn, ready = connection.pgconn, select.poll()
    seconds = patience(connection)
    longest_ms = None if seconds is None else seconds * 1000
    ready.register(pgconn.socket, select.POLLIN | select.POLLOUT)
    while pgconn.flush():
        if any(events & ~select.POLLOUT for _, events in _heard(ready, longest_ms, connection)):
            pgconn.consume_input()
    ready.modify(pgconn.socket, select.POLLIN)
    results: list[Any] = []
    while True:
        while pgconn.is_busy():
            _heard(ready, longest_ms, connection)
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:  # the end of one statement's results
            if pgconn.status != ConnStatus.OK:
                raise psycopg.OperationalError("the connection was lost")
        elif result.status == ExecStatus.PIPELINE_SYNC:
            pgconn.exit_pipeline_mode()
            return results
        else:
            results.append(result)


def _heard(
    ready: Any, longest_ms: float | None, connection: "psycopg.Connection[Any]"
) -> list[tuple[int, int]]:
    """What has happened on the socket. Raises SilentServer if nothing has for too long."""
    events: list[tuple[int, int]] = ready.poll(longest_ms)
    if not events:
        raise given_up(connection)
    return events


def array(values: Sequence[Any]) -> str:
    """The text of an array; all elements of one type."""
    sample = next((value for value in values if value is not None), None)
    if isinstance(sample, str):
        return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"
    if isinstance(sample, datetime):
        return "{" + ",".join("NULL" if value is None else f'"{value.isoformat()}"' for value in values) + "}"
    # By identity: comparing a Decimal with None is slow.
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def _quoted(text: str) -> str:
    if '"' in text or "\\" in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _encoded(value: Any) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, list):
        value = array(value)
    elif isinstance(value, datetime):
        value = value.isoformat()
    return str(value).encode()


@cache
def _numbered(sql: str) -> bytes:
    """`%s` as PostgreSQL itself counts parameters: $1, $2."""
    first, *rest = sql.split("%s")
    return (first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))).encode()
