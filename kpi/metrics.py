"""GET /metrics: what the processes have counted, and what stands in the database."""

import logging

from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from common.api.address import client_address, is_proxys_own
from common.api.answers import error_response
from common.counters import counted
from common.errors import ErrorCode, Refused
from common.metrics_server import may_look
from common.postgresql.base import waiting_at_most
from kpi.ledger_metrics import LedgerMetrics
from kpi.lending_metrics import LendingMetrics
from kpi.market_metrics import MarketMetrics
from kpi.risk_metrics import RiskMetrics

logger = logging.getLogger(__name__)

# Prometheus gives up after ten: then it would be told nothing at all, in the very hour that it is wanted.
PATIENCE_SECONDS = 4

# Apart from what is counted: several processes must not each add what they all read from one place.
in_the_database = CollectorRegistry()
for collector in (MarketMetrics(), LedgerMetrics(), LendingMetrics(), RiskMetrics()):
    in_the_database.register(collector)


def metrics(request: HttpRequest) -> HttpResponse:
    """404 for whoever may not look: that there is something is no business of theirs."""
    if is_proxys_own(request.META) or not may_look(client_address(request)):
        return error_response(request, Refused(ErrorCode.NOT_FOUND))
    return HttpResponse(counted() + _read(), content_type=CONTENT_TYPE_LATEST)


def _read() -> bytes:
    try:
        with waiting_at_most(PATIENCE_SECONDS, connection):
            found, is_up = generate_latest(in_the_database), True
    except (DatabaseError, Refused) as error:  # what was counted is told all the same
        logger.warning("metrics without those of the database: %s", error)
        found, is_up = b"", False
    registry = CollectorRegistry()
    registry.register(Up(is_up))
    return found + generate_latest(registry)


class Up:
    """Not a Gauge, which would be one of each process."""

    def __init__(self, is_up: bool) -> None:
        self._is_up = is_up

    def collect(self) -> list[GaugeMetricFamily]:
        text = "1 if what stands in the database could be read."
        return [GaugeMetricFamily("bourse_database_up", text, value=int(self._is_up))]
