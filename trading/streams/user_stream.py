"""One account's orders, fills and balances as messages."""

import json
from typing import Any

from accounts.selectors import balances
from common.money import EXACT, format_decimal
from trading import selectors
from trading.models import Order, Trade
from trading.presentation import fill_json, order_json

ORDERS = "orders"
FILLS = "fills"
BALANCES = "balances"
RECENT_FILLS = 50


class UserStream:
    """Remembers what its client has been shown. Blocking: it runs on a thread, one call at a time."""

    def __init__(self, account_id: int) -> None:
        self.account_id = account_id
        self._open: dict[str, dict[str, Any]] = {}
        self._newest_order = 0
        self._newest_fill = 0
        self._balances: list[dict[str, str]] = []

    def snapshot(self) -> list[str]:
        """Open orders, recent fills and balances."""
        orders = [order_json(order) for order in selectors.open_orders(self.account_id)]
        fills = list(selectors.fills(self.account_id)[:RECENT_FILLS])
        newest = Order.objects.filter(account_id=self.account_id).order_by("-id").first()
        self._open = {order["id"]: order for order in orders}
        self._newest_order = newest.pk if newest else 0
        self._newest_fill = fills[0].pk if fills else 0
        self._balances = self._read_balances()
        return [
            _message(ORDERS, "snapshot", orders),
            _message(FILLS, "snapshot", [fill_json(fill, self.account_id) for fill in fills]),
            _message(BALANCES, "snapshot", self._balances),
        ]

    def changes(self) -> list[str]:
        """What is new since the last look: orders as they stand, fills oldest first, all balances."""
        messages = []
        fills = self._new_fills()
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
        ended = selectors.orders(self.account_id).filter(pk__in=gone)
        passed = selectors.orders(self.account_id).filter(pk__gt=self._newest_order)
        changed = {order_id: row for order_id, row in now_open.items() if self._open.get(order_id) != row}
        for order in [*ended, *passed]:
            changed.setdefault(str(order.pk), order_json(order))
            self._newest_order = max(self._newest_order, order.pk)
        self._open = now_open
        return sorted(changed.values(), key=lambda order: int(order["id"]))

    def _new_fills(self) -> list[Trade]:
        fills = list(selectors.fills(self.account_id).filter(pk__gt=self._newest_fill))
        if fills:
            self._newest_fill = fills[0].pk
        return fills[::-1]

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


def _message(channel: str, kind: str, data: list[Any]) -> str:
    return json.dumps({"channel": channel, "type": kind, "data": data}, separators=(",", ":"))
