"""How accounts stand with their perpetuals, read in one round trip and without a lock.

Balance and positions are of one moment, and the contracts are read behind them: funding that moved in between
counts as pending.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from common.money import EXACT, to_units
from common.pipelined import Pipeline
from risk import contract_rows
from risk.contract_rows import ContractRow
from risk.health import Health, Holding
from risk.position import Position

QUOTE = "USDT"  # all perpetuals are settled in it

_OWN = f"""
    SELECT b.account_id, b.available, b.held, b.margin, b.shortage, {contract_rows.POSITION_COLUMNS}
    FROM accounts_balance b LEFT JOIN risk_position p ON p.account_id = b.account_id
    WHERE b.account_id = ANY(%s::bigint[]) AND b.asset = %s ORDER BY b.account_id, p.market_id"""


class Money(NamedTuple):
    """Of the balance that is the collateral, in units. wallet: all of it; free: below zero when losses have eaten
    into the margin."""

    wallet: int
    margin: int
    free: int

    @property
    def cash(self) -> int:
        """What cross positions can lose of it."""
        return self.free + self.margin


class PerpetualAccount(NamedTuple):
    """positions: by market, those of size 0 too. limits: rows (scope, market or None, most exposure in quote).
    total: exposure of everybody in all contracts, in quote."""

    contracts: dict[int, ContractRow]
    positions: dict[int, Position]
    money: Money
    limits: Sequence[tuple[str, int | None, Decimal]]
    total: Decimal

    def holding(self, market_id: int) -> Holding:
        return self.contracts[market_id].holding(self.positions[market_id])

    def open_markets(self) -> list[int]:
        """Where there is a position."""
        return [market_id for market_id, position in self.positions.items() if position.size]

    def cross(self) -> Health:
        """All that is cross, together."""
        return self._cross()[0]

    def health(self, market_id: int) -> tuple[Health, Holding]:
        """What the open position is judged with, and itself as it is in there."""
        position = self.positions[market_id]
        if position.is_isolated:
            own = self.holding(market_id)
            return Health(position.isolated_margin, [own]), own
        health, holdings = self._cross()
        return health, holdings[market_id]

    def _cross(self) -> tuple[Health, dict[int, Holding]]:
        holdings = {
            market_id: self.holding(market_id)
            for market_id in self.open_markets()
            if not self.positions[market_id].is_isolated
        }
        return Health(self.money.cash, list(holdings.values())), holdings

    def unrealised(self) -> int:
        """Of all positions; funding that is due and not settled yet is taken off."""
        return sum(self.holding(market_id).unrealised for market_id in self.open_markets())

    def funding_due(self) -> int:
        """Negative: is owed to the account."""
        return sum(self.holding(market_id).funding for market_id in self.open_markets())

    def isolated_margin(self) -> int:
        return sum(position.isolated_margin for position in self.positions.values())

    def exposure(self) -> int:
        return sum(position.exposure for position in self.positions.values())


def perpetual_account(account_id: int) -> PerpetualAccount:
    return perpetual_accounts([account_id])[account_id]


def perpetual_accounts(account_ids: Iterable[int]) -> dict[int, PerpetualAccount]:
    """Each of these, however many, in one round trip."""
    wanted = sorted(set(account_ids))
    connection.ensure_connection()
    pipeline = Pipeline(connection.connection)
    own = pipeline.add(_OWN, wanted, QUOTE)
    found = contract_rows.read_contracts(pipeline)
    limits, total = contract_rows.read_limits(pipeline), contract_rows.read_total(pipeline)
    pipeline.run()
    contracts = contract_rows.contracts(found.rows)
    rows: dict[int, list[Sequence[Any]]] = defaultdict(list)
    for row in own.rows:
        rows[row[0]].append(row)
    exposure = total.rows[0][0] if total.rows else Decimal(0)
    limit_rows = [(scope, market_id, maximum) for scope, market_id, maximum in limits.rows]
    return {
        account_id: PerpetualAccount(
            contracts,
            _positions(rows[account_id], contracts),
            _money(rows[account_id], contracts),
            limit_rows,
            exposure,
        )
        for account_id in wanted
    }


def _positions(rows: Sequence[Sequence[Any]], contracts: dict[int, ContractRow]) -> dict[int, Position]:
    return {
        row[6]: contract_rows.position_of(row[5:], contracts[row[6]]) for row in rows if row[6] is not None
    }


def _money(rows: Sequence[Sequence[Any]], contracts: dict[int, ContractRow]) -> Money:
    if not rows or not contracts:
        return Money(0, 0, 0)
    precision = next(iter(contracts.values())).precision
    available, held, margin, shortage = rows[0][1:5]
    amounts = EXACT.add(available, held), margin, EXACT.subtract(available, shortage)
    return Money(*(to_units(amount, precision) for amount in amounts))
