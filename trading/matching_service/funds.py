"""Balances in integer units while a batch runs."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from common.errors import ErrorCode, Refused
from common.money import format_decimal, from_units, units_of_text, units_text
from trading.matching_service.market_row import MarketRow

Key = tuple[int, str]


class Funds:
    """(account, asset) -> [available, held], from rows (account_id, asset, available, held) with text."""

    def __init__(self, market: MarketRow, rows: Iterable[Sequence[Any]]) -> None:
        self._precision = market.precision
        self._balances = {
            (row[0], row[1]): [
                units_of_text(row[2], self._precision[row[1]]),
                units_of_text(row[3], self._precision[row[1]]),
            ]
            for row in rows
        }

    def __len__(self) -> int:
        return len(self._balances)

    def refusal(self, account_id: int, changes: dict[Key, list[int]]) -> Refused | None:
        """Why the account cannot bear its part of these changes; None if it can."""
        for key, (available, _) in changes.items():
            if key[0] != account_id or available >= 0:
                continue
            has = self._balances.get(key, (0, 0))[0]
            if has + available < 0:
                return Refused(
                    ErrorCode.INSUFFICIENT_FUNDS,
                    asset=key[1],
                    available=self._shown(has, key[1]),
                    required=self._shown(-available, key[1]),
                )
        return None

    def add(self, changes: dict[Key, list[int]]) -> None:
        for key, (available, held) in changes.items():
            balance = self._balances.get(key)
            if balance is None:
                self._balances[key] = [available, held]
            else:
                balance[0] += available
                balance[1] += held

    def assert_none_negative(self) -> None:
        for key, (available, held) in self._balances.items():
            assert available >= 0 and held >= 0, (
                f"balance {key} would become {available} available, {held} held"
            )

    def rows(self) -> list[tuple[int, str, str, str]]:
        """(account_id, asset, available, held), the amounts as text for the database."""
        return [
            (account_id, asset, self.text(available, asset), self.text(held, asset))
            for (account_id, asset), (available, held) in self._balances.items()
        ]

    def text(self, units: int, asset: str) -> str:
        return units_text(units, self._precision[asset])

    def amount(self, units: int, asset: str) -> Decimal:
        return from_units(units, self._precision[asset])

    def _shown(self, units: int, asset: str) -> str:
        return format_decimal(self.amount(units, asset))
