"""One at a time: who decides by what a margin account's orders may come to, and who changes what it owns or owes."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import DatabaseError, OperationalError, connection

from accounts.models import Account, User
from accounts.services import open_account, open_margin_account
from common.errors import ErrorCode, Refused

_KIND = 0x6D617267  # "marg": any number that nobody else uses
_NUMBERS = 2**31  # two accounts that share one only wait for each other


@contextmanager
def hold_margin_account(user: User) -> Iterator[Account]:
    """The user's margin account, opened if need be, and this database session's alone.

    Not a lock on rows: an order is matched in a transaction of its own, on whatever connection, and that takes them.
    Not to be asked for inside a batch. Raises Refused UNAVAILABLE after the database's lock_timeout.
    """
    account = open_margin_account(open_account(user))
    key = (_KIND, account.pk % _NUMBERS)
    try:
        _ask("SELECT pg_advisory_lock(%s, %s)", key)
    except OperationalError as error:
        if not isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise
        raise Refused(ErrorCode.UNAVAILABLE, "The margin account is busy; try again.") from error
    held_by = connection.connection
    try:
        yield account
    finally:
        if connection.connection is held_by:  # with another one the lock is gone too
            _let_go(key)


def _let_go(key: tuple[int, int]) -> None:
    try:
        _ask("SELECT pg_advisory_unlock(%s, %s)", key)
    except DatabaseError:  # what was done is done, whatever became of the session
        connection.close()


def _ask(statement: str, key: tuple[int, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, key)
