"""Answers of the fast lane appear in /metrics like any other."""

from prometheus_client import REGISTRY

from common.api.answered import Answered
from kpi.lane_metrics import note_answer

LABELS = {"view": "orders", "method": "POST"}
COUNTERS = {
    "django_http_requests_before_middlewares_total": {},
    "django_http_responses_before_middlewares_total": {},
    "django_http_requests_total_by_method_total": {"method": "POST"},
    "django_http_requests_total_by_view_transport_method_total": {**LABELS, "transport": "http"},
    "django_http_responses_total_by_status_total": {"status": "201"},
    "django_http_responses_total_by_status_view_method_total": {**LABELS, "status": "201"},
    "django_http_requests_latency_seconds_by_view_method_count": LABELS,
    "django_http_requests_latency_including_middlewares_seconds_count": {},
}


def values():
    return {name: REGISTRY.get_sample_value(name, labels) or 0 for name, labels in COUNTERS.items()}


def test_every_answer_is_counted_with_its_view_method_status_and_latency():
    before = values()
    for _ in range(3):
        note_answer(Answered("/api/v1/orders", "orders", "POST", 201, 0.01, "", "r1", "192.0.2.1"))
    assert {name: now - before[name] for name, now in values().items()} == dict.fromkeys(COUNTERS, 3)
