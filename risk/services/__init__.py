"""What may be risked: the terms of contracts, the limits of tiers and of exposure, loans. Places no orders."""

from risk.services.accrue_interest import accrue_interest
from risk.services.borrow import borrow
from risk.services.fund_lending import fund_lending, insurance_account, make_lending_terms
from risk.services.funding_due import FundingDue, funding_due, predicted_rate
from risk.services.keep_margin import keep_margin
from risk.services.open_contract import ContractTerms, make_limits, open_contract
from risk.services.repay import repay
from risk.services.transfer import transfer

__all__ = [
    "ContractTerms",
    "FundingDue",
    "accrue_interest",
    "borrow",
    "fund_lending",
    "funding_due",
    "insurance_account",
    "keep_margin",
    "make_lending_terms",
    "make_limits",
    "open_contract",
    "predicted_rate",
    "repay",
    "transfer",
]
