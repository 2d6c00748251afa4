"""One error shape, whatever goes wrong."""

import json

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.utils import InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions as drf
from rest_framework.permissions import AllowAny
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from common.errors import ErrorCode, Refused


class Failing(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]
    error = None

    def get(self, request):
        raise self.error

    def post(self, request):
        return self.get(request.data)


def answer(error, **headers):
    response = Failing.as_view(error=error)(APIRequestFactory().get("/api/v1/x", **headers))
    return response.render()


def body(response):
    return json.loads(response.content)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (drf.ParseError(), 400, "BAD_REQUEST"),
        (drf.ValidationError({"price": ["no"]}), 400, "VALIDATION_ERROR"),
        (DjangoValidationError({"price": ["no"]}), 400, "VALIDATION_ERROR"),
        (SuspiciousOperation(), 400, "BAD_REQUEST"),
        (UnreadablePostError(), 400, "BAD_REQUEST"),
        (drf.NotAuthenticated(), 401, "NOT_AUTHENTICATED"),
        (drf.AuthenticationFailed(), 401, "INVALID_TOKEN"),
        (drf.PermissionDenied(), 403, "PERMISSION_DENIED"),
        (PermissionDenied(), 403, "PERMISSION_DENIED"),
        (drf.NotFound(), 404, "NOT_FOUND"),
        (Http404(), 404, "NOT_FOUND"),
        (drf.MethodNotAllowed("PUT"), 405, "METHOD_NOT_ALLOWED"),
        (drf.NotAcceptable(), 406, "NOT_ACCEPTABLE"),
        (RequestDataTooBig(), 413, "PAYLOAD_TOO_LARGE"),
        (drf.UnsupportedMediaType("text/xml"), 415, "UNSUPPORTED_MEDIA_TYPE"),
        (drf.Throttled(wait=7), 429, "RATE_LIMITED"),
        (Refused(ErrorCode.INSUFFICIENT_FUNDS, asset="BTC"), 422, "INSUFFICIENT_FUNDS"),
        (OperationalError("the database is gone"), 503, "UNAVAILABLE"),
        (InterfaceError("the connection is closed"), 503, "UNAVAILABLE"),
        (ZeroDivisionError("a bug"), 500, "INTERNAL_ERROR"),
    ],
)
def test_every_error_has_the_one_shape(error, status, code):
    response = answer(error)
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    shape = body(response)
    assert set(shape) == {"code", "message", "details"} and shape["code"] == code and shape["message"]


def test_wrong_fields_are_named():
    assert body(answer(drf.ValidationError({"price": ["no"]})))["details"] == {"price": ["no"]}
    assert body(answer(drf.ValidationError("no")))["details"] == {"non_field_errors": ["no"]}
    assert body(answer(DjangoValidationError("no")))["details"] == {"non_field_errors": ["no"]}


def test_a_refusal_brings_its_details():
    assert body(answer(Refused(ErrorCode.INSUFFICIENT_FUNDS, asset="BTC")))["details"] == {"asset": "BTC"}


def test_who_has_to_wait_is_told_how_long():
    assert answer(drf.Throttled(wait=7.2))["Retry-After"] == "8"
    assert answer(OperationalError())["Retry-After"] == "2"


def test_who_has_to_sign_in_is_told_how():
    assert answer(drf.NotAuthenticated())["WWW-Authenticate"].startswith("Bearer")
    assert answer(Refused(ErrorCode.INVALID_CREDENTIALS))["WWW-Authenticate"].startswith("Bearer")


def test_a_bug_is_logged_and_not_told(caplog):
    response = answer(ZeroDivisionError("the secret of the bug"), HTTP_ACCEPT="text/html")
    assert response.status_code == 500
    assert "secret of the bug" not in response.content.decode()
    assert "Traceback" in caplog.text and "secret of the bug" in caplog.text


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_body_that_is_not_json_is_no_body(content_type):
    request = APIRequestFactory().generic("POST", "/", "price=1", content_type=content_type)
    response = Failing.as_view(error=ZeroDivisionError())(request)
    assert response.status_code == 415


def test_an_unknown_method_names_those_that_are():
    response = Failing.as_view()(APIRequestFactory().put("/"))
    assert response.status_code == 405 and "GET" in response["Allow"]


def test_each_code_has_a_status_and_a_sentence():
    for code in ErrorCode:
        assert 400 <= code.status < 600 and code.text.endswith(".")
        assert Refused(code).body() == {"code": code.name, "message": code.text, "details": {}}
