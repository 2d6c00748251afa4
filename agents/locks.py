"""One of a kind at a time, over all processes."""

from typing import Any

from django.db import connection

RUN_AGENTS = 0x6167656E  # "agen": any number that nobody else uses
REPLAY = 0x7265706C  # "repl"


class SessionLock:
    """A lock that lasts as long as the database connection, and is taken again after a new one was made."""

    def __init__(self, kind: int, number: int = 0) -> None:
        self._key = [kind, number]
        self._held_by: Any = None

    def hold(self) -> bool:
        """Whether we hold the lock now."""
        connection.ensure_connection()
        if self._held_by is not connection.connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", self._key)
                self._held_by = connection.connection if cursor.fetchone()[0] else None
        return self._held_by is not None

    def release(self) -> None:
        if self._held_by is not None and self._held_by is connection.connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", self._key)
        self._held_by = None
