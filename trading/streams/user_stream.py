"""One account's orders, fills and balances as messages."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from accounts.selectors import balances
from common.money import EXACT, format_decimal
from trading import selectors
from trading.presentation import fill_json, order_json
from trading.streams.late_rows import LateRows

ORDERS = "orders"
FILLS = "fills"
BALANCES = "balances"
RECENT_FILLS = 50


class UserStream:
    """Remembers what its client has been shown. Blocking: it runs on a thread, one call at a time."""

    def __init__(self, account_id: int) -> None:
        self.account_id = account_id
        self._open: dict[str, dict[str, Any]] = {}
        self._orders = selectors.orders(account_id)
        self._fills = selectors.fills(account_id)
        self._balances: list[dict[str, str]] = []
        self._new_orders: LateRows
        self._new_fills: LateRows

    def snapshot(self) -> list[str]:
        """Open orders, recent fills and balances, all of one moment."""
        with _one_moment():
            return self._snapshot()

    def changes(self) -> list[str]:
        """What is new since the last look: orders as they stand, fills oldest first, all balances."""
        with _one_moment():
            return self._changes()

    def _snapshot(self) -> list[str]:
        orders = [order_json(order) for order in selectors.open_orders(self.account_id)]
        self._open = {order["id"]: order for order in orders}
        self._new_orders, self._new_fills = LateRows(self._orders), LateRows(self._fills)
        fills = list(self._fills[:RECENT_FILLS])
        self._balances = self._read_balances()
        return [
            _message(ORDERS, "snapshot", orders),
            _message(FILLS, "snapshot", [fill_json(fill, self.account_id) for fill in fills]),
            _message(BALANCES, "snapshot", self._balances),
        ]

    def _changes(self) -> list[str]:
        messages = []
        fills = self._new_fills.new()
        orders = self._changed_orders()
        now = self._read_balances()
        if orders:
            messages.append(_message(ORDERS, "update", orders))
        if fills:
            messages.append(_message(FILLS, "update", [fill_json(fill, self.account_id) for fill in fills]))
        if now != self._balances:
            self._balances = now
            messages.append(_message(BALANCES, "update", now))
        return messages

    def _changed_orders(self) -> list[dict[str, Any]]:
        """Orders that came, changed, or left the book; also those that came and went between two looks."""
        now_open = {str(order.pk): order_json(order) for order in selectors.open_orders(self.account_id)}
        gone = [int(order_id) for order_id in self._open if order_id not in now_open]
        ended = self._orders.filter(pk__in=gone)
        changed = {order_id: row for order_id, row in now_open.items() if self._open.get(order_id) != row}
        for order in [*ended, *self._new_orders.new()]:
            changed.setdefault(str(order.pk), order_json(order))
        self._open = now_open
        return sorted(changed.values(), key=lambda order: int(order["id"]))

    def _read_balances(self) -> list[dict[str, str]]:
        return [
            {
                "asset": row.asset,
                "total": format_decimal(EXACT.add(row.available, row.held)),
                "available": format_decimal(row.available),
                "held": format_decimal(row.held),
            }
            for row in balances(self.account_id)
        ]


@contextmanager
def _one_moment() -> Iterator[None]:
    """What is read inside is as it was at one moment, however many statements it takes."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _message(channel: str, kind: str, data: list[Any]) -> str:
    return json.dumps({"channel": channel, "type": kind, "data": data}, separators=(",", ":"))
