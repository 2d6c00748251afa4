"""What is at risk, and by which terms."""

from risk.selectors.contracts import ListedContract, contract_terms, tier_leverage
from risk.selectors.funding import contract_of, contracts, fundings
from risk.selectors.simulated_margin import SimulatedMargin, simulated_margin

__all__ = [
    "ListedContract",
    "SimulatedMargin",
    "contract_of",
    "contract_terms",
    "contracts",
    "fundings",
    "simulated_margin",
    "tier_leverage",
]
