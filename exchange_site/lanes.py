"""The addresses that are answered in front of Django."""

from common.api.fast_lane import Lane
from trading.api import fast_market_data, fast_orders

LANES = {
    "POST /api/v1/orders": Lane("orders", fast_orders.place),
    "GET /api/v1/orderbook/": Lane("orderbook", fast_market_data.orderbook),
    "GET /api/v1/ticker/": Lane("ticker", fast_market_data.ticker),
}
