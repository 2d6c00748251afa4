"""GET /metrics: what the processes have counted, and what stands in the database."""

import logging

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django_prometheus.exports import ExportToDjangoView
from prometheus_client import CollectorRegistry, generate_latest

from kpi.lending_metrics import LendingMetrics
from kpi.risk_metrics import RiskMetrics

logger = logging.getLogger(__name__)

# Apart from what is counted: several processes must not each add what they all read from one place.
in_the_database = CollectorRegistry()
in_the_database.register(LendingMetrics())
in_the_database.register(RiskMetrics())


def metrics(request: HttpRequest) -> HttpResponse:
    page: HttpResponse = ExportToDjangoView(request)
    try:
        page.content += generate_latest(in_the_database)
    except DatabaseError as error:  # what was counted is told all the same
        logger.warning("metrics without those of the database: %s", error)
    return page
