"""GET /metrics"""

from prometheus_client.parser import text_string_to_metric_families


def test_metrics_are_as_prometheus_reads_them(client, db):
    client.get("/api/v1/time")
    client.get("/api/v1/nothing-here")
    answer = client.get("/metrics")
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(answer.content.decode())}
    responses = families["django_http_responses_total_by_status"].samples
    counted = {
        sample.labels["status"]: sample.value for sample in responses if sample.name.endswith("_total")
    }
    assert counted["200"] >= 1 and counted["404"] >= 1
    assert "django_http_requests_latency_seconds_by_view_method" in families
    assert "process_start_time_seconds" in families


def test_addresses_that_somebody_makes_up_do_not_become_metrics(client, db):
    for n in range(20):
        client.get(f"/made-up/{n}")
        client.get(f"/api/v1/orderbook/MADE-UP-{n}")
    assert "made-up" not in client.get("/metrics").content.decode().lower()
