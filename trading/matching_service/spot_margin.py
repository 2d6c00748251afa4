"""Spot trades of accounts that have perpetual positions: what those need must not be spent."""

from collections.abc import Collection
from typing import Any

from common.pipelined import Pipeline
from risk.health import Health
from trading.matching_service import contract_rows
from trading.matching_service.funds import Funds
from trading.matching_service.perpetual import Others, Watch, cross_holdings, elsewhere, watches_elsewhere

_NOWHERE = 0  # no market has this id


class CrossMargin:
    """The positions of some accounts, read now; after the balances were locked they stay as they are."""

    def __init__(self, connection: Any, account_ids: Collection[int]) -> None:
        pipeline = Pipeline(connection)
        contracts = contract_rows.read_contracts(pipeline)
        positions = contract_rows.read_positions_of(pipeline, sorted(account_ids))
        liquidations = contract_rows.read_liquidations(pipeline, sorted(account_ids))
        pipeline.run()
        found = contract_rows.contracts(contracts.rows)
        self.others: Others = elsewhere(positions.rows, found, _NOWHERE)
        self._warned = {row[0] for row in liquidations.rows if row[1] is None}

    def note_losses(self, funds: Funds, quote: str) -> None:
        """Unrealised losses need what is free; unrealised profits cannot be spent."""
        for account_id, others in self.others.items():
            profit = sum(each.unrealised for each in cross_holdings(others))
            funds.losses[account_id, quote] = min(0, profit)

    def health(self, account_id: int, cash: int) -> Health:
        """Of all that is cross."""
        return Health(cash, cross_holdings(self.others.get(account_id, ())))

    def watches(self, funds: Funds, quote: str) -> list[Watch]:
        watches: list[Watch] = []
        for account_id, others in self.others.items():
            free, _, margin = funds.parts((account_id, quote))
            health = Health(free + margin, cross_holdings(others))
            watches += watches_elsewhere(account_id, health, others, account_id in self._warned)
        return watches
