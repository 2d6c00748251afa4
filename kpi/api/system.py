"""GET /api/v1/kpi/system"""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.fields import Milliseconds
from kpi.api.kpi_view import KpiView, WindowSerializer, asked_window, decimals, describe, milliseconds, share
from kpi.selectors import request_figures, uptime
from kpi.selectors.requests import Endpoint, Latency, RequestFigures, Step

MOST_ENDPOINTS = 20


class LatencySerializer(serializers.Serializer):
    """In milliseconds, from a request to its answer as the process saw it; quantiles within 1 %. null: no request."""

    mean = serializers.FloatField(allow_null=True)
    p50 = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)
    p99 = serializers.FloatField(allow_null=True)
    max = serializers.FloatField(allow_null=True)


class HeartbeatsSerializer(serializers.Serializer):
    """Slots of five seconds."""

    expected = serializers.IntegerField(help_text="since the window, or the first heartbeat ever, began")
    measured = serializers.IntegerField()
    well = serializers.IntegerField(help_text="in which the exchange answered")


class ByStatusSerializer(serializers.Serializer):
    status = serializers.IntegerField()
    requests = serializers.IntegerField()


class ByCodeSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="of the refusal")
    requests = serializers.IntegerField()


class EndpointSerializer(serializers.Serializer):
    """latency_ms: the mean."""

    endpoint = serializers.CharField(help_text="the pattern of the address")
    method = serializers.CharField()
    requests = serializers.IntegerField()
    client_errors = serializers.IntegerField(help_text="answers of 400 to 499")
    server_errors = serializers.IntegerField(help_text="answers of 500 and above")
    latency_ms = serializers.FloatField()
    slowest_ms = serializers.FloatField()


class SystemStepSerializer(serializers.Serializer):
    """One minute or hour; those without a request are left out."""

    time = Milliseconds()
    requests = serializers.IntegerField()
    client_errors = serializers.IntegerField(help_text="answers of 400 to 499")
    server_errors = serializers.IntegerField(help_text="answers of 500 and above")
    latency_ms = LatencySerializer()


class SystemSerializer(WindowSerializer):
    """The API as its processes saw it (addresses below /api/), all of them together."""

    requests = serializers.IntegerField(help_text="that were answered")
    latency_ms = LatencySerializer()
    error_rate = serializers.FloatField(
        allow_null=True, help_text="answers of 400 and above / all; null: no request"
    )
    client_error_rate = serializers.FloatField(allow_null=True, help_text="answers of 400 to 499 / all")
    server_error_rate = serializers.FloatField(allow_null=True, help_text="answers of 500 and above / all")
    uptime = serializers.FloatField(
        allow_null=True,
        help_text="per cent of the expected heartbeats that found the exchange well; what was not measured counts "
        "as down; null: before the first heartbeat",
    )
    unmeasured = serializers.FloatField(
        allow_null=True, help_text="per cent of the expected heartbeats that are missing"
    )
    heartbeats = HeartbeatsSerializer()
    by_status = ByStatusSerializer(many=True)
    by_code = ByCodeSerializer(many=True)
    endpoints = EndpointSerializer(many=True, help_text=f"most asked first, at most {MOST_ENDPOINTS}")
    series = SystemStepSerializer(many=True)


class SystemView(KpiView):
    """How fast the exchange answers, what it refuses, and whether it is there."""

    @describe("kpi_system", SystemSerializer)
    def get(self, request: Request) -> Response:
        asked = asked_window(request)
        figures, up = request_figures(asked), uptime(asked)
        told = {
            **_counted(figures),
            "window": asked.name,
            "start": asked.start,
            "end": asked.end,
            "step_seconds": asked.step_seconds,
            "as_of": figures.as_of,
            "uptime": decimals(up.percent, 4),
            "unmeasured": decimals(up.unmeasured_percent, 4),
            "heartbeats": up._asdict(),
        }
        return Response(SystemSerializer(told).data)


def _counted(figures: RequestFigures) -> dict[str, Any]:
    errors = figures.client_errors + figures.server_errors
    return {
        "requests": figures.requests,
        "latency_ms": _latency(figures.latency),
        "error_rate": share(errors, figures.requests),
        "client_error_rate": share(figures.client_errors, figures.requests),
        "server_error_rate": share(figures.server_errors, figures.requests),
        "by_status": [{"status": status, "requests": n} for status, n in figures.by_status.items()],
        "by_code": [{"code": code, "requests": n} for code, n in figures.by_code.items()],
        "endpoints": [_endpoint(each) for each in figures.endpoints[:MOST_ENDPOINTS]],
        "series": [_step(each) for each in figures.steps],
    }


def _latency(found: Latency) -> dict[str, float | None]:
    return {name: milliseconds(value) for name, value in found._asdict().items()}


def _endpoint(each: Endpoint) -> dict[str, Any]:
    return each._asdict() | {
        "latency_ms": milliseconds(each.mean_us),
        "slowest_ms": milliseconds(each.slowest_us),
    }


def _step(each: Step) -> dict[str, Any]:
    return each._asdict() | {"time": each.start, "latency_ms": _latency(each.latency)}
