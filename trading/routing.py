"""WebSocket addresses."""

from django.urls import path

from trading.consumers.market_data import MarketDataConsumer
from trading.consumers.user import UserConsumer

websocket_urlpatterns = [
    path("ws/marketdata", MarketDataConsumer.as_asgi()),
    path("ws/user", UserConsumer.as_asgi()),
]
