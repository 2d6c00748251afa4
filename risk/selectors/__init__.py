"""What is at risk, and by which terms."""

from risk.selectors.contracts import ListedContract, contract_terms, tier_leverage
from risk.selectors.deleveraging_queue import Place, places_in_line
from risk.selectors.exposure import ContractExposure, Exposure, exposure
from risk.selectors.funding import contract_of, contracts, fundings
from risk.selectors.liquidations import liquidations, open_liquidations
from risk.selectors.perpetual_account import PerpetualAccount, perpetual_account, perpetual_accounts
from risk.selectors.positions import (
    MarginStanding,
    OpenPosition,
    margin_standing,
    open_positions,
    position_in,
    positions,
)
from risk.selectors.simulated_margin import SimulatedMargin, simulated_margin

__all__ = [
    "ContractExposure",
    "Exposure",
    "ListedContract",
    "MarginStanding",
    "OpenPosition",
    "PerpetualAccount",
    "Place",
    "SimulatedMargin",
    "contract_of",
    "contract_terms",
    "contracts",
    "exposure",
    "fundings",
    "liquidations",
    "margin_standing",
    "open_liquidations",
    "open_positions",
    "perpetual_account",
    "perpetual_accounts",
    "places_in_line",
    "position_in",
    "positions",
    "simulated_margin",
    "tier_leverage",
]
