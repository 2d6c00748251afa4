from risk.models.contract import Bracket, Contract, FundingPayment, PremiumSample
from risk.models.lending import InterestCharge, LendingTerms, Loan
from risk.models.limits import ExposureLimit, ExposureTotal, TierLimit
from risk.models.liquidation import Liquidation, LiquidationStep
from risk.models.position import Position

__all__ = [
    "Bracket",
    "Contract",
    "ExposureLimit",
    "ExposureTotal",
    "FundingPayment",
    "InterestCharge",
    "LendingTerms",
    "Liquidation",
    "LiquidationStep",
    "Loan",
    "Position",
    "PremiumSample",
    "TierLimit",
]
