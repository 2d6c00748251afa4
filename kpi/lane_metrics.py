"""Requests of the fast lane, counted in the same metrics as those that go through django-prometheus' middleware."""

from django_prometheus.middleware import Metrics


def note_answer(view: str, method: str, status: int, seconds: float) -> None:
    metrics = Metrics.get_instance()
    metrics.requests_total.inc()
    metrics.responses_total.inc()
    metrics.requests_latency_before.observe(seconds)
    metrics.requests_by_method.labels(method=method).inc()
    metrics.requests_by_view_transport_method.labels(view=view, transport="http", method=method).inc()
    metrics.requests_latency_by_view_method.labels(view=view, method=method).observe(seconds)
    metrics.responses_by_status.labels(status=str(status)).inc()
    metrics.responses_by_status_view_method.labels(status=str(status), view=view, method=method).inc()
