"""Balances in integer units while a batch runs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from common.errors import ErrorCode, Refused
from common.money import format_decimal, from_units, units_of_text, units_text
from trading.matching_service.market_row import MarketRow

Key = tuple[int, str]


class Funds:
    """(account, asset) -> [free, firm, margin], from rows (account_id, asset, available, held, margin, shortage).

    firm: held by spot orders and isolated margins. margin: required by perpetuals. free: what is left, below zero
    when losses have eaten into the margin. losses: what of the free amount unrealised losses need, by key.
    """

    def __init__(self, market: MarketRow, rows: Iterable[Sequence[Any]]) -> None:
        self._precision = market.precision
        self._balances = {(row[0], row[1]): _parts(row, self._precision[row[1]]) for row in rows}
        self.losses: dict[Key, int] = {}

    def __len__(self) -> int:
        return len(self._balances)

    def parts(self, key: Key) -> tuple[int, int, int]:
        """free, firm and margin."""
        free, firm, margin = self._balances.get(key, (0, 0, 0))
        return free, firm, margin

    def cash(self, asset: str, account_id: int) -> int:
        """What perpetual positions can lose: all but what is held firmly."""
        free, _, margin = self.parts((account_id, asset))
        return free + margin

    def with_margin(self) -> set[int]:
        """The accounts that have perpetual positions or orders."""
        return {key[0] for key, (_, _, margin) in self._balances.items() if margin}

    def refusal(self, account_id: int, changes: dict[Key, list[int]]) -> Refused | None:
        """Why the account cannot bear its part of these changes; None if it can."""
        for key, (free, _) in changes.items():
            if key[0] != account_id or free >= 0:
                continue
            has = self._balances.get(key, (0, 0, 0))[0] + self.losses.get(key, 0)
            if has + free < 0:
                return Refused(
                    ErrorCode.INSUFFICIENT_FUNDS,
                    asset=key[1],
                    available=self._shown(max(0, has), key[1]),
                    required=self._shown(-free, key[1]),
                )
        return None

    def add(self, changes: dict[Key, list[int]], margins: Mapping[int, int] | None = None) -> None:
        """margins: what is added to the required margin of an account; its `changes` have it taken out already."""
        for key, (free, firm) in changes.items():
            balance = self._balances.get(key)
            if balance is None:
                balance = self._balances[key] = [0, 0, 0]
            balance[0] += free
            balance[1] += firm
            if margins:
                balance[2] += margins.get(key[0], 0)

    def assert_none_negative(self, may_owe: Collection[int] = ()) -> None:
        """Only a required margin may be missing in part, and only accounts of the exchange may owe."""
        for key, (free, firm, margin) in self._balances.items():
            assert free + margin >= 0 or key[0] in may_owe, (
                f"balance {key} would be overdrawn: {free}, {margin}"
            )
            assert firm >= 0 <= margin, f"balance {key} would hold {firm} and {margin}"

    def rows(self) -> list[tuple[int, str, str, str, str, str]]:
        """(account_id, asset, available, held, margin, shortage), the amounts as text for the database."""
        return [self._row(key, *parts) for key, parts in self._balances.items()]

    def _row(self, key: Key, free: int, firm: int, margin: int) -> tuple[int, str, str, str, str, str]:
        shortage = -free if free < 0 < margin else 0
        amounts = free + shortage, firm + margin - shortage, margin, shortage
        available, held, margin_text, short = (self.text(amount, key[1]) for amount in amounts)
        return *key, available, held, margin_text, short

    def text(self, units: int, asset: str) -> str:
        return units_text(units, self._precision[asset])

    def amount(self, units: int, asset: str) -> Decimal:
        return from_units(units, self._precision[asset])

    def _shown(self, units: int, asset: str) -> str:
        return format_decimal(self.amount(units, asset))


def _parts(row: Sequence[Any], precision: int) -> list[int]:
    available, held, margin, shortage = (units_of_text(text, precision) for text in row[2:6])
    return [available - shortage, held + shortage - margin, margin]
