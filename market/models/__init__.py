from market.models.candle import Candle, CandleProgress
from market.models.market import Asset, Market
from market.models.price import Price

__all__ = ["Asset", "Candle", "CandleProgress", "Market", "Price"]
