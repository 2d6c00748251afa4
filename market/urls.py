"""Relative to /api/v1/."""

from django.urls import path

from market.api.assets import AssetsView
from market.api.markets import MarketsView, MarketView

urlpatterns = [
    path("assets", AssetsView.as_view(), name="assets"),
    path("markets", MarketsView.as_view(), name="markets"),
    path("markets/<str:symbol>", MarketView.as_view(), name="market"),
]
