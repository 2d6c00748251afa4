"""Threads that look at the database for the sockets, so that the event loop never waits for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
from django.db import DatabaseError, InterfaceError, connection

LOST = (DatabaseError, InterfaceError, psycopg.Error)  # the database is away

Result = TypeVar("Result")


class Reader:
    """So many threads, and so many database connections, for one kind of look."""

    def __init__(self, name: str, threads: int) -> None:
        self.threads = threads
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def read(self, look: Callable[..., Result], *arguments: Any) -> Result:
        """Run a blocking look at the database. Raises one of LOST while the database is away."""

        def guarded() -> Result:
            try:
                return look(*arguments)
            except LOST:
                connection.close()
                raise

        return await asyncio.get_running_loop().run_in_executor(self.pool, guarded)


# Apart, so that neither a crowd that signs in nor a long look at candles holds up the books.
log_reader = Reader("log-reader", 1)
user_reader = Reader("user-reader", 2)
summary_reader = Reader("summary-reader", 1)
