"""Cross margin over several contracts: the positions of accounts as their rows say, and where they must be looked at.

Whoever reads them after having locked an account's balance of the quote asset reads what stays: every change of a
position is made under that lock.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from common.money import EXACT
from common.pipelined import Pipeline
from risk import contract_rows
from risk.contract_rows import ContractRow
from risk.health import Health, Holding, watch_price
from risk.position import Position

Rows = Iterable[Sequence[Any]]
Watch = tuple[int, int, Decimal]  # account, market and price

_NOWHERE = 0  # no market has this id


class Elsewhere(NamedTuple):
    """A position of an account in another contract than the one at hand."""

    contract: ContractRow
    position: Position

    @property
    def is_cross(self) -> bool:
        return bool(self.position.size) and not self.position.is_isolated

    @property
    def holding(self) -> Holding:
        return self.contract.holding(self.position)


Others = Mapping[int, Sequence[Elsewhere]]


def elsewhere(rows: Rows, contracts: Mapping[int, ContractRow], here: int) -> Others:
    """By account, from rows of contract_rows.read_positions_of."""
    found: dict[int, list[Elsewhere]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row[0], row[1])):
        if row[1] != here:
            contract = contracts[row[1]]
            found[row[0]].append(Elsewhere(contract, contract_rows.position_of(row, contract)))
    return found


def cross_holdings(others: Sequence[Elsewhere]) -> list[Holding]:
    return [each.holding for each in others if each.is_cross]


def watches_elsewhere(
    account_id: int, health: Health, others: Sequence[Elsewhere], is_warned: bool
) -> list[Watch]:
    """The watch prices of an account's cross positions that are not right any more."""
    watches = []
    for each in others:
        if each.is_cross:
            price = watch_price(health, each.holding, is_warned)
            if price != each.position.watch:
                watch = EXACT.multiply(each.contract.tick, price)
                watches.append((account_id, each.contract.market_id, watch))
    return watches


class CrossMargin:
    """All positions of some accounts, read now. money: the quote asset's units, `cash` what an account can lose."""

    def __init__(self, connection: Any, account_ids: Collection[int]) -> None:
        pipeline = Pipeline(connection)
        contracts = contract_rows.read_contracts(pipeline)
        positions = contract_rows.read_positions_of(pipeline, sorted(account_ids))
        liquidations = contract_rows.read_liquidations(pipeline, sorted(account_ids))
        pipeline.run()
        found = contract_rows.contracts(contracts.rows)
        self.others: Others = elsewhere(positions.rows, found, _NOWHERE)
        self._warned = {row[0] for row in liquidations.rows if row[1] is None}

    def losses(self) -> dict[int, int]:
        """By account what unrealised losses need of what is free, as a number that is not above zero; unrealised
        profits cannot be spent."""
        return {
            account_id: min(0, sum(each.unrealised for each in cross_holdings(others)))
            for account_id, others in self.others.items()
        }

    def health(self, account_id: int, cash: int) -> Health:
        """Of all that is cross."""
        return Health(cash, cross_holdings(self.others.get(account_id, ())))

    def watches(self, cash_of: Callable[[int], int]) -> list[Watch]:
        return [
            watch
            for account_id, others in self.others.items()
            for watch in watches_elsewhere(
                account_id, self.health(account_id, cash_of(account_id)), others, account_id in self._warned
            )
        ]
