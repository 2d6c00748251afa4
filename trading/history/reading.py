"""The event log from its beginning, a few thousand rows at a time, however long it is."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import NamedTuple

from django.db import connection, transaction

from common.clock import to_ms
from trading.matching.events import Event
from trading.matching_service import log

CHUNK = 5_000

_EVENTS = f"""
    SELECT sequence, trade_id, created_at, {", ".join(log.COLUMNS)} FROM trading_orderevent
    WHERE market_id = %s AND sequence BETWEEN %s AND %s ORDER BY sequence"""


class BrokenLog(Exception):
    """The log cannot be walked; the text says where and why."""


class Logged(NamedTuple):
    """An event as the log has it. time: milliseconds since the epoch; the last two belong to accepted orders.

    quote_quantity: of a buy by cost, as it was asked for.
    """

    sequence: int
    time: int
    trade_id: int | None
    event: Event
    client_order_id: str = ""
    quote_quantity: Decimal | None = None


@contextmanager
def snapshot() -> Iterator[None]:
    """All that is read inside is of one moment, and nothing can be written."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def logged_events(market_id: int, first: int, last: int) -> Iterator[Logged]:
    """Events `first` to `last`, in order, inside a snapshot. Raises BrokenLog if one is missing or makes no sense."""
    expected = first
    with connection.chunked_cursor() as cursor:
        cursor.execute(_EVENTS, [market_id, first, last])
        while chunk := cursor.fetchmany(CHUNK):
            for sequence, trade_id, created_at, *columns in chunk:
                if sequence != expected:
                    raise BrokenLog(f"event {expected} is missing: the next one is {sequence}")
                expected += 1
                yield _read(sequence, to_ms(created_at), trade_id, columns)
    if expected <= last:
        raise BrokenLog(f"event {expected} is missing: the log ends before {last}")


def _read(sequence: int, time: int, trade_id: int | None, columns: list) -> Logged:
    details = columns[-1]
    if isinstance(details, str):
        details = columns[-1] = json.loads(details)
    try:
        event = log.from_row(columns)
        if columns[0] != "A":
            return Logged(sequence, time, trade_id, event)
        asked = details.get("quote_quantity")
        return Logged(
            sequence, time, trade_id, event, details["client_order_id"], None if asked is None else Decimal(asked)
        )  # fmt: skip
    except (AssertionError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise BrokenLog(f"event {sequence} cannot be read ({error!r})") from error
