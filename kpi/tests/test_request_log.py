"""The request log: one line a request, in names that Elasticsearch knows."""

import json

import pytest
from django.test import Client

from common.api.answered import Answered
from kpi import request_log

ORDER = Answered(
    "/api/v1/orders", "orders", "POST", 422, 0.0125, "INSUFFICIENT_FUNDS", "req-1", "192.0.2.7", 3, 9
)


@pytest.fixture
def log(tmp_path, settings):
    """The lines that were logged, read."""
    settings.REQUEST_LOG = str(tmp_path / "requests.log")
    yield lambda: [json.loads(line) for line in (tmp_path / "requests.log").read_text().splitlines()]
    request_log._log.cache_clear()


def test_all_that_is_known_of_a_request(log):
    request_log.write(ORDER)
    [line] = log()
    assert line.pop("@timestamp").endswith("Z") and line.pop("ecs.version")
    assert line == {
        "log.level": "info",
        "message": "POST /api/v1/orders 422",
        "event": {
            "kind": "event", "category": ["web"], "dataset": "bourse.requests", "duration": 12_500_000,
            "outcome": "failure",
        },
        "http": {"request": {"method": "POST", "id": "req-1"}, "response": {"status_code": 422}},
        "url": {"path": "/api/v1/orders"},
        "client": {"ip": "192.0.2.7"},
        "user": {"id": "3"},
        "error": {"code": "INSUFFICIENT_FUNDS"},
        "service": {"name": "bourse"},
        "bourse": {"key_id": "9"},
    }  # fmt: skip


def test_the_line_begins_as_the_schema_asks(log, tmp_path):
    request_log.write(ORDER)
    text = (tmp_path / "requests.log").read_text()
    assert text.startswith('{"@timestamp":"') and list(json.loads(text))[:3] == [
        "@timestamp", "log.level", "message",
    ]  # fmt: skip


def test_what_is_not_known_is_left_out(log):
    request_log.write(ORDER._replace(status=200, code="", user_id=None, key_id=None))
    [line] = log()
    assert not {"user", "bourse", "error"} & set(line) and line["event"]["outcome"] == "success"


def test_what_failed_on_our_side_is_an_error(log):
    request_log.write(ORDER._replace(status=503, code="UNAVAILABLE"))
    assert log()[0]["log.level"] == "error"


def test_every_request_has_its_line_and_no_secret_of_its_address(log):
    client = Client()
    client.get("/health", headers={"X-Request-ID": "mine-7"})
    client.get("/s3cr3t-token?password=s3cr3t-too")
    first, second = log()
    assert (first["url"]["path"], first["http"]["request"]["id"]) == ("/health", "mine-7")
    assert second["url"]["path"] == "unmatched" and second["http"]["response"]["status_code"] == 404
    assert "s3cr3t" not in json.dumps([first, second])


def test_off_means_off(settings):
    settings.REQUEST_LOG = "off"
    request_log.write(ORDER)


def test_a_line_fits_into_what_a_pipe_takes_in_one_piece(log, tmp_path):
    long = ORDER._replace(endpoint="/api/v1/" + "x" * 200, request_id="y" * 64, code="Z" * 40)
    request_log.write(long)
    assert len((tmp_path / "requests.log").read_bytes()) < 4096 / 2
