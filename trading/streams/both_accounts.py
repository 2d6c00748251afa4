"""A user's own account and the margin account beside it, as one stream of messages.

Messages of the margin account say so: `"account": "margin"`. It may come into being while the client listens.
"""

import json
from typing import Any

from accounts.selectors import margin_account_of
from common.clock import to_ms
from common.money import format_decimal
from risk.models import Liquidation, LiquidationStep
from trading.streams.user_stream import UserStream, one_moment

LIQUIDATIONS = "liquidations"


class BothAccounts:
    """Blocking, as UserStream: one call at a time, on a thread."""

    def __init__(self, account_id: int) -> None:
        self.account_id = account_id
        self._own = UserStream(account_id)
        self._margin: MarginStream | None = None

    @property
    def account_ids(self) -> list[int]:
        return [self.account_id, *([self._margin.account_id] if self._margin else [])]

    def snapshot(self) -> list[str]:
        """Of each account: open orders, recent fills and balances, all of one moment."""
        self._find_margin()
        return self._own.snapshot() + (self._margin.snapshot() if self._margin else [])

    def changes(self) -> list[str]:
        """What is new since the last look; of a margin account that is new, where it stands."""
        if self._margin is None:
            self._find_margin()
            opened = self._margin.snapshot() if self._margin else []
        else:
            opened = self._margin.changes()
        return self._own.changes() + opened

    def _find_margin(self) -> None:
        if self._margin is None and (found := margin_account_of(self.account_id)) is not None:
            self._margin = MarginStream(found.pk)


class MarginStream:
    """The messages of a margin account: those of any account, and its liquidations with their steps."""

    def __init__(self, account_id: int) -> None:
        self.account_id = account_id
        self._stream = UserStream(account_id)
        self._shown: list[dict[str, Any]] = []

    def snapshot(self) -> list[str]:
        messages = self._stream.snapshot()
        self._shown = _liquidations(self.account_id)
        return [*map(_of_margin, messages), _message("snapshot", self._shown)]

    def changes(self) -> list[str]:
        messages = [_of_margin(message) for message in self._stream.changes()]
        now = _liquidations(self.account_id)
        if now != self._shown:
            self._shown = now
            messages.append(_message("update", now))
        return messages


def _liquidations(account_id: int) -> list[dict[str, Any]]:
    """The newest, open or ended, with all its steps; none if there never was one."""
    with one_moment():
        row = Liquidation.objects.filter(account_id=account_id).order_by("-id").first()
        steps = list(LiquidationStep.objects.filter(liquidation=row).order_by("number")) if row else []
    return [_liquidation_json(row, steps)] if row else []


def _liquidation_json(row: Liquidation, steps: list[LiquidationStep]) -> dict[str, Any]:
    return {
        "id": row.pk,
        "status": row.status,
        "started_at": to_ms(row.started_at),
        "steps": [
            {
                "number": step.number,
                "kind": step.kind,
                "equity": format_decimal(step.equity),
                "maintenance_margin": format_decimal(step.maintenance_margin),
                "order_id": None if step.order_id is None else str(step.order_id),
                "quantity": format_decimal(step.quantity),
                "notional": format_decimal(step.notional),
                "time": to_ms(step.created_at),
            }
            for step in steps
        ],
    }


def _of_margin(message: str) -> str:
    return f'{{"account":"margin",{message[1:]}'


def _message(kind: str, data: list[dict[str, Any]]) -> str:
    body = {"account": "margin", "channel": LIQUIDATIONS, "type": kind, "data": data}
    return json.dumps(body, separators=(",", ":"))
