"""Balances held still while something is decided about them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from django.db import connection

from accounts.services.ledger import Key, lock_balance_rows, make_balance_rows
from common.money import EXACT
from common.pipelined import Pipeline


class LockedBalance(NamedTuple):
    available: Decimal
    held: Decimal

    @property
    def total(self) -> Decimal:
        return EXACT.add(self.available, self.held)


def lock_balances(keys: Iterable[Key]) -> dict[Key, LockedBalance]:
    """Make the rows that are missing and lock all, until the transaction ends, in the one order.

    Whoever then posts between these balances (`post_transaction`) holds every lock already, in whatever order
    the postings come. Only inside a transaction, and once: a second call could not keep the order.
    """
    assert connection.in_atomic_block, "a lock lasts as long as its transaction"
    wanted = set(keys)
    pipeline = Pipeline(connection.connection)
    make_balance_rows(pipeline, wanted)
    locked = lock_balance_rows(pipeline, wanted)
    pipeline.run()
    return {(row[0], row[1]): LockedBalance(Decimal(row[2]), Decimal(row[3])) for row in locked.rows}
