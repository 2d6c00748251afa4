"""Step seven for a perpetual: positions, where accounts are to be looked at next, and the contract's own row."""

from typing import TYPE_CHECKING, Any

from common.pipelined import Pipeline
from risk import contract_rows
from risk.cross_margin import Watch, cross_holdings, watches_elsewhere
from risk.health import Health, watch_price
from trading.matching_service.funds import Funds

if TYPE_CHECKING:
    from trading.matching_service.perpetual import Perpetual


def write(money: "Perpetual", pipeline: Pipeline, now: Any, locked: Funds) -> None:
    watches = _watch(money, locked)
    contract = money.contract
    rows = [
        contract_rows.position_row(account_id, position, contract)
        for account_id, position in money.positions.items()
    ]
    if rows:
        contract_rows.set_positions(pipeline, contract.market_id, now, rows)
    if watches:
        contract_rows.set_watches(pipeline, watches)
    if (money.funding_index, money.exposure) != (contract.funding_index, contract.exposure):
        contract_rows.set_contract(pipeline, contract, money.funding_index, money.exposure)
    if money.funding is not None:
        contract_rows.add_funding(pipeline, contract, money.funding, money.funding_index, now)
    if money.exposure != contract.exposure:
        contract_rows.add_to_total(pipeline, money.exposure - contract.exposure, contract.precision)


def _watch(money: "Perpetual", locked: Funds) -> list[Watch]:
    """Where each position that was touched is to be looked at, and those of the same accounts elsewhere."""
    watches: list[Watch] = []
    for account_id, position in money.positions.items():
        cash = locked.cash(money.terms.quote, account_id)
        others = money.locked_others.get(account_id, ())
        health, own = money.health(position, others, cash)
        position.watch = None
        if own is not None:
            about = money.contract.market_id if position.is_isolated else None
            position.watch = watch_price(health, own, (account_id, about) in money.warned)
        if position.is_isolated:
            health = Health(cash, cross_holdings(others))
        watches += watches_elsewhere(account_id, health, others, (account_id, None) in money.warned)
    return watches
