"""What is at risk, and by which terms."""

from risk.selectors.contracts import ListedContract, contract_terms, tier_leverage
from risk.selectors.simulated_margin import SimulatedMargin, simulated_margin

__all__ = ["ListedContract", "SimulatedMargin", "contract_terms", "simulated_margin", "tier_leverage"]
