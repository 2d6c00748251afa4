"""The addresses that are answered in front of Django."""

from common.api.fast_lane import Lane
from trading.api import fast_market_data, fast_orders

LANES = {
    "POST /api/v1/orders": Lane("orders", "/api/v1/orders", fast_orders.place),
    "GET /api/v1/orderbook/": Lane("orderbook", "/api/v1/orderbook/{symbol}", fast_market_data.orderbook),
    "GET /api/v1/ticker/": Lane("ticker", "/api/v1/ticker/{symbol}", fast_market_data.ticker),
}
