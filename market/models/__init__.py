from market.models.candle import Candle, CandleProgress
from market.models.index_source import IndexSource
from market.models.market import Asset, Market
from market.models.price import Price

__all__ = ["Asset", "Candle", "CandleProgress", "IndexSource", "Market", "Price"]
