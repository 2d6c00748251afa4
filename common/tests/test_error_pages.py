"""Errors outside the API's views: JSON for programs, a page for people."""

import json

import pytest
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db.utils import OperationalError
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from common.errors import ErrorCode, Refused


class FailingMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        raise OperationalError("the database is gone")


def fail(request, kind):
    if kind == "fine":
        return HttpResponse("fine")
    raise {
        "bug": ZeroDivisionError,
        "database": OperationalError,
        "suspicious": SuspiciousOperation,
        "big": RequestDataTooBig,
    }.get(kind, lambda: Refused(ErrorCode.UNAVAILABLE))()


urlpatterns = [path("<str:kind>", fail), path("api/v1/<str:kind>", fail)]
handler400 = "common.api.error_views.bad_request"
handler403 = "common.api.error_views.permission_denied"
handler404 = "common.api.error_views.page_not_found"
handler500 = "common.api.error_views.server_error"

pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def client(settings):
    settings.SECURE_SSL_REDIRECT = False
    return Client(raise_request_exception=False)


CASES = [
    ("bug", 500, "INTERNAL_ERROR"),
    ("database", 503, "UNAVAILABLE"),
    ("busy", 503, "UNAVAILABLE"),
    ("suspicious", 400, "BAD_REQUEST"),
    ("big", 413, "PAYLOAD_TOO_LARGE"),
    ("no/such/thing", 404, "NOT_FOUND"),
]


@pytest.mark.parametrize(("address", "status", "code"), CASES)
def test_programs_get_json(client, address, status, code):
    for answer in (
        client.get(f"/api/v1/{address}"),
        client.get(f"/{address}", headers={"accept": "application/json"}),
    ):
        assert answer.status_code == status
        assert json.loads(answer.content)["code"] == code


@pytest.mark.parametrize(("address", "status", "code"), CASES)
def test_people_get_a_page(client, address, status, code):
    answer = client.get(f"/{address}", headers={"accept": "text/html,application/json"})
    assert answer.status_code == status
    assert answer["Content-Type"].startswith("text/html")
    assert ("Retry-After" in answer) == (status == 503)


def test_a_database_lost_in_middleware_is_unavailable_too(client, settings):
    settings.MIDDLEWARE = [settings.MIDDLEWARE[3], f"{__name__}.FailingMiddleware"]
    answer = client.get("/api/v1/fine")
    assert answer.status_code == 503 and answer["Retry-After"]


@pytest.mark.parametrize("address", ["/api/v1/fine?symbol=%00", "/api/v1/fi%00ne", "/api/v1/fine?a=1&%00=2"])
def test_a_nul_in_the_address_never_reaches_the_database(client, address):
    answer = client.get(address)
    assert answer.status_code == 400 and json.loads(answer.content)["code"] == "BAD_REQUEST"
