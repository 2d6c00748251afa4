"""What may be risked: the terms of contracts, the limits of tiers and of exposure. Places no orders."""

from risk.services.funding_due import FundingDue, funding_due, predicted_rate
from risk.services.open_contract import ContractTerms, make_limits, open_contract

__all__ = ["ContractTerms", "FundingDue", "funding_due", "make_limits", "open_contract", "predicted_rate"]
