"""One account's orders, fills, balances, positions and liquidations as messages."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection, transaction

from accounts.selectors import balances
from common.money import EXACT, format_decimal
from risk.models import Position
from risk.selectors import liquidations
from trading import selectors
from trading.presentation import fill_json, order_json
from trading.risk_presentation import liquidation_json, position_json
from trading.streams.late_rows import LateRows

ORDERS = "orders"
FILLS = "fills"
BALANCES = "balances"
POSITIONS = "positions"
LIQUIDATIONS = "liquidations"
RECENT_FILLS = 50
RECENT_LIQUIDATIONS = 10  # of one account; more than go on at a time

Rows = dict[Any, dict[str, Any]]


@dataclass
class Shown:
    """What a client has been told."""

    open: dict[str, dict[str, Any]]
    orders: LateRows
    fills: LateRows
    balances: list[dict[str, str]]
    positions: Rows
    liquidations: Rows

    def draft(self) -> "Shown":
        return replace(self, orders=copy(self.orders), fills=copy(self.fills))


class UserStream:
    """Remembers what its client has been shown. Blocking: it runs on a thread, one call at a time.

    A look that loses the database, be it at its very end, has shown nothing: the next one tells it all.
    """

    def __init__(self, account_id: int, has_positions: bool = True) -> None:
        self.account_id = account_id
        self._has_positions = has_positions
        self._orders = selectors.orders(account_id)
        self._fills = selectors.fills(account_id)
        self._shown: Shown

    def snapshot(self) -> list[str]:
        """Open orders, recent fills, balances, open positions and liquidations, all of one moment."""
        with _one_moment():
            orders = [order_json(order) for order in selectors.open_orders(self.account_id)]
            fills = [fill_json(fill, self.account_id) for fill in self._fills[:RECENT_FILLS]]
            shown = Shown(
                open={order["id"]: order for order in orders},
                orders=LateRows(self._orders),
                fills=LateRows(self._fills),
                balances=self._read_balances(),
                positions=self._read_positions(),
                liquidations=self._read_liquidations(),
            )
        self._shown = shown
        positions = [row for row in shown.positions.values() if row["side"] is not None]
        return [
            _message(ORDERS, "snapshot", orders),
            _message(FILLS, "snapshot", fills),
            _message(BALANCES, "snapshot", shown.balances),
            *([_message(POSITIONS, "snapshot", positions)] if self._has_positions else []),
            _message(LIQUIDATIONS, "snapshot", _standing(shown.liquidations)),
        ]

    def changes(self) -> list[str]:
        """What is new since the last look: orders, positions and liquidations as they stand, fills oldest first, all
        balances."""
        shown = self._shown.draft()
        with _one_moment():
            messages = self._changes(shown)
        self._shown = shown
        return messages

    def _changes(self, shown: Shown) -> list[str]:
        messages = []
        fills = shown.fills.new()
        orders = self._changed_orders(shown)
        now = self._read_balances()
        if orders:
            messages.append(_message(ORDERS, "update", orders))
        if fills:
            messages.append(_message(FILLS, "update", [fill_json(fill, self.account_id) for fill in fills]))
        if now != shown.balances:
            shown.balances = now
            messages.append(_message(BALANCES, "update", now))
        positions, cases = self._read_positions(), self._read_liquidations()
        for channel, told, read in (
            (POSITIONS, shown.positions, positions),
            (LIQUIDATIONS, shown.liquidations, cases),
        ):
            if changed := [row for key, row in read.items() if told.get(key) != row]:
                messages.append(_message(channel, "update", changed))
        shown.positions, shown.liquidations = positions, cases
        return messages

    def _changed_orders(self, shown: Shown) -> list[dict[str, Any]]:
        """Orders that came, changed, or left the book; also those that came and went between two looks."""
        now_open = {str(order.pk): order_json(order) for order in selectors.open_orders(self.account_id)}
        gone = [int(order_id) for order_id in shown.open if order_id not in now_open]
        ended = self._orders.filter(pk__in=gone)
        changed = {order_id: row for order_id, row in now_open.items() if shown.open.get(order_id) != row}
        for order in [*ended, *shown.orders.new()]:
            changed.setdefault(str(order.pk), order_json(order))
        shown.open = now_open
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

    def _read_positions(self) -> Rows:
        """Those of size 0 too, so that it is told when one is closed."""
        if not self._has_positions:
            return {}
        rows = Position.objects.filter(account_id=self.account_id).select_related("market")
        return {row.pk: position_json(row) for row in rows.order_by("market__symbol")}

    def _read_liquidations(self) -> Rows:
        """The newest, the oldest of them first."""
        rows = list(liquidations(self.account_id)[:RECENT_LIQUIDATIONS])[::-1]
        return {row.pk: liquidation_json(row) for row in rows}


def _standing(rows: Rows) -> list[dict[str, Any]]:
    """Those that go on, and the newest although it has ended: somebody may have been away."""
    newest = max(rows, default=None)
    return [row for key, row in rows.items() if row["ended_at"] is None or key == newest]


@contextmanager
def _one_moment() -> Iterator[None]:
    """What is read inside is as it was at one moment, however many statements it takes."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _message(channel: str, kind: str, data: list[Any]) -> str:
    return json.dumps({"channel": channel, "type": kind, "data": data}, separators=(",", ":"))
