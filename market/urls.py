"""Relative to /api/v1/."""

from django.urls import path

from market.api.assets import AssetsView

urlpatterns = [
    path("assets", AssetsView.as_view(), name="assets"),
]
