"""What may be risked: the terms of contracts, the limits of tiers and of exposure. Places no orders."""

from risk.services.open_contract import ContractTerms, make_limits, open_contract

__all__ = ["ContractTerms", "make_limits", "open_contract"]
