"""Django's backend for PostgreSQL, with an end to waiting: a server that has fallen silent holds no thread for ever.

A server that still runs ends a statement by itself, by its `statement_timeout`. One that is stopped, or whose disk
hangs, answers nothing while its machine keeps the connection alive; so whoever waits longer than `patience_seconds`
(in OPTIONS; None: for ever) closes the connection. What became of the statement is unknown then, as after any
connection that was lost.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg.errors import OperationalError


class SilentServer(OperationalError):
    """The server has not answered for so long that we gave it up."""


class BoundedConnection(psycopg.Connection[Any]):
    patience_seconds: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """As psycopg's, which has room for a time-out and no setting for it."""
        if timeout is not None or self.patience_seconds is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience_seconds)
        except psycopg.errors._WaitTimeout as error:
            raise given_up(self) from error


def given_up(connection: "psycopg.Connection[Any]") -> SilentServer:
    """Close the connection without a word to the server; the error to raise."""
    connection.pgconn.finish()
    return SilentServer(f"PostgreSQL has not answered for {patience(connection)} s")


def patience(connection: "psycopg.Connection[Any]") -> float | None:
    """How long an answer is waited for, in seconds; None: for ever."""
    return getattr(connection, "patience_seconds", None)


@contextmanager
def waiting_at_most(seconds: float, wrapper: Any) -> Iterator[None]:
    """Whoever has less time than a request gives up each statement on Django's connection after so long.

    Raises Django's OperationalError if it cannot be opened.
    """
    wrapper.ensure_connection()
    connection = wrapper.connection
    before, connection.patience_seconds = connection.patience_seconds, seconds
    try:
        yield
    finally:
        connection.patience_seconds = before


# What Django calls its database driver: psycopg, but for how it connects.
_bounded_psycopg: Any = ModuleType("bounded_psycopg")
vars(_bounded_psycopg).update(vars(psycopg) | {"connect": BoundedConnection.connect})


class DatabaseWrapper(base.DatabaseWrapper):
    Database = _bounded_psycopg

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        params.pop("patience_seconds", None)  # ours, and none of libpq's
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.patience_seconds = self.settings_dict["OPTIONS"].get("patience_seconds")
        return connection
