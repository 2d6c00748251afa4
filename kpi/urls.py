from django.urls import path
from django_prometheus.exports import ExportToDjangoView

from kpi.health import health, ready

urlpatterns = [
    path("health", health, name="health"),
    path("ready", ready, name="ready"),
    path("metrics", ExportToDjangoView, name="metrics"),
]
