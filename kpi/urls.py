from django.urls import path

from kpi.api.security import SecurityView
from kpi.api.system import SystemView
from kpi.api.trading import TradingView
from kpi.health import health, ready
from kpi.metrics import metrics

urlpatterns = [
    path("health", health, name="health"),
    path("ready", ready, name="ready"),
    path("metrics", metrics, name="metrics"),
    path("api/v1/kpi/system", SystemView.as_view(), name="kpi-system"),
    path("api/v1/kpi/trading", TradingView.as_view(), name="kpi-trading"),
    path("api/v1/kpi/security", SecurityView.as_view(), name="kpi-security"),
]
