"""Answers of the API, in /metrics."""

import pytest

from common.api.answered import Answered
from common.errors import ErrorCode
from common.tests.counted import Growth
from kpi import request_metrics

ORDERS = "/api/v1/orders"


def answered(status=201, endpoint=ORDERS, method="POST", code="", seconds=0.01):
    return Answered(endpoint, "orders", method, status, seconds, code, "r1", "192.0.2.1")


def test_each_answer_is_counted_once_with_its_latency():
    growth = Growth()
    for _ in range(3):
        request_metrics.count(answered(seconds=0.02))
    labels = {"endpoint": ORDERS, "method": "POST"}
    assert growth.of("api_requests_total", **labels, status="201") == 3
    assert growth.of("api_request_latency_seconds_count", **labels) == 3
    assert growth.of("api_request_latency_seconds_sum", **labels) == pytest.approx(0.06)
    assert growth.labels_of("api_error_total") == {}


def test_an_error_is_counted_with_its_code():
    growth = Growth()
    request_metrics.count(answered(422, code=ErrorCode.INSUFFICIENT_FUNDS.name))
    labels = {"endpoint": ORDERS, "method": "POST", "status": "422"}
    assert growth.of("api_error_total", **labels, code="INSUFFICIENT_FUNDS") == 1
    assert growth.of("api_requests_total", **labels) == 1


@pytest.mark.parametrize("code", ["", "SOMETHING-MADE-UP"])
def test_a_code_that_is_not_in_the_list_does_not_become_a_label(code):
    growth = Growth()
    request_metrics.count(answered(500, code=code))
    labels = {"endpoint": ORDERS, "method": "POST", "status": "500"}
    assert growth.of("api_error_total", **labels, code="NONE") == 1


@pytest.mark.parametrize("endpoint", ["/admin/login/", "static", "unmatched", "/metrics", "/api-auth/login/"])
def test_what_is_not_of_the_api_is_not_counted(endpoint):
    growth = Growth()
    request_metrics.count(answered(404, endpoint))
    assert growth.labels_of("api_requests_total") == growth.labels_of("api_error_total") == {}


def test_an_address_below_api_that_does_not_exist_is_counted_as_one_endpoint(client, db):
    growth = Growth()
    for made_up in ("/api/v1/made-up", "/api/nothing/at/all"):
        client.get(made_up)
    client.get("/made-up")
    assert growth.labels_of("api_requests_total") == {
        (("endpoint", "/api/unmatched"), ("method", "GET"), ("status", "404")): 2
    }
