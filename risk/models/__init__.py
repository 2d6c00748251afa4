from risk.models.contract import Bracket, Contract, FundingPayment, PremiumSample
from risk.models.limits import ExposureLimit, ExposureTotal, TierLimit
from risk.models.liquidation import Liquidation, LiquidationStep
from risk.models.position import Position

__all__ = [
    "Bracket",
    "Contract",
    "ExposureLimit",
    "ExposureTotal",
    "FundingPayment",
    "Liquidation",
    "LiquidationStep",
    "Position",
    "PremiumSample",
    "TierLimit",
]
