"""Every answered request is told of once, as what it was."""

import re

import pytest
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import HttpResponse
from django.utils.functional import SimpleLazyObject
from rest_framework.test import APIClient

from accounts.models import APIKey, User
from accounts.services import register_user
from accounts.tests.people import PASSWORD, desk_of, desk_with, new_key
from common import request_id
from common.api.answered import Answered
from kpi import watching


@pytest.fixture
def told(monkeypatch):
    """What was told, in order."""
    heard: list[Answered] = []
    monkeypatch.setattr(watching, "WATCHES", (heard.append,))
    return heard


@pytest.fixture
def stranger(db):
    return APIClient(raise_request_exception=False)


@pytest.fixture
def alice(db):
    return register_user("alice", "alice@example.com", PASSWORD)


@pytest.mark.parametrize(
    ("route", "pattern"),
    [
        ("api/v1/orders/<str:reference>", "/api/v1/orders/{reference}"),
        ("api/v1/klines/<str:symbol>/<int:n>", "/api/v1/klines/{symbol}/{n}"),
        ("trade/<symbol>", "/trade/{symbol}"),
        ("", "/"),
    ],
)
def test_a_route_is_written_as_everybody_writes_it(route, pattern):
    assert watching.pattern(route) == pattern


def test_an_answer_is_told_with_what_was_asked(stranger, told):
    stranger.get("/api/v1/ticker/BTC-USDT?x=1", REMOTE_ADDR="192.0.2.7")
    [answered] = told
    assert answered[:4] == ("/api/v1/ticker/{symbol}", "ticker", "GET", 404)
    assert (answered.code, answered.address) == ("UNKNOWN_SYMBOL", "192.0.2.7")
    assert 0 < answered.seconds < 60 and (answered.user_id, answered.key_id) == (None, None)


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("/api/v1/no/such/thing", "/api/unmatched"),
        ("/no-such-page", "unmatched"),
        ("/static/no-such-file.js", "static"),
        ("/api/v1/ticker/%00", "/api/unmatched"),
    ],
)
def test_what_is_no_address_of_ours_has_no_pattern_of_its_own(stranger, told, path, endpoint):
    stranger.get(path)
    assert [answered.endpoint for answered in told] == [endpoint]


@pytest.mark.parametrize(
    ("method", "named"), [("get", "GET"), ("head", "HEAD"), ("trace", "OTHER"), ("patch", "PATCH")]
)
def test_a_method_that_nobody_knows_is_other(stranger, told, method, named):
    stranger.generic(method.upper(), "/api/v1/time")
    assert told[0].method == named


def test_a_method_that_was_made_up_is_other(stranger, told):
    assert stranger.generic("BREW", "/api/v1/time").status_code == 405
    assert (told[0].method, told[0].status, told[0].code) == ("OTHER", 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "BAD_REQUEST"),
        ('{"username": 5}', 400, "VALIDATION_ERROR"),
        ('{"username": "alice", "password": "wrong"}', 401, "INVALID_CREDENTIALS"),
    ],
)
def test_a_refusal_is_told_with_its_code(stranger, told, body, status, code):
    answer = stranger.generic("POST", "/api/v1/auth/token", body, content_type="application/json")
    assert answer.json()["code"] == code
    assert [(told[0].status, told[0].code)] == [(status, code)]


def test_who_asked_is_told(alice, told):
    desk = desk_of("alice")
    desk.get("/api/v1/api-keys")
    assert (told[-1].user_id, told[-1].key_id) == (alice.pk, None)


def test_with_which_key_is_told(alice, told):
    key = new_key(desk_of("alice"))
    access = APIClient().post("/api/v1/auth/token", {"api_key": key["key"]}).json()["access"]
    desk_with(access).get("/api/v1/orders")
    assert (told[-1].user_id, told[-1].key_id) == (alice.pk, APIKey.objects.get().pk)


def test_who_is_signed_in_on_a_page_is_told(alice, told, client):
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    client.force_login(alice, backend="accounts.backends.GuardedBackend")
    client.get("/admin/")
    assert (told[-1].endpoint, told[-1].user_id) == ("/admin/", alice.pk)


def test_nobody_is_asked_for_only_to_tell_of_him(told, rf):
    """Asking could cost a query, or find the database away."""

    def answers(request):
        request.user = SimpleLazyObject(lambda: pytest.fail("asked"))
        request.resolver_match = None
        return HttpResponse()

    watching.RequestWatchMiddleware(answers)(rf.get("/health"))
    assert told[0].user_id is None


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError("a bug"), 500, "INTERNAL_ERROR"),
        (OperationalError("the database is away"), 503, "UNAVAILABLE"),
        (SuspiciousOperation("a trick"), 400, "BAD_REQUEST"),
    ],
)
def test_an_exception_is_told_as_the_answer_that_it_became(stranger, told, monkeypatch, error, status, code):
    def breaks(*args, **kwargs):
        raise error

    monkeypatch.setattr("trading.api.book.TimeView.get", breaks)
    answer = stranger.get("/api/v1/time")
    assert answer.status_code == status
    assert [(told[0].endpoint, told[0].status, told[0].code)] == [("/api/v1/time", status, code)]


def test_a_name_that_was_given_is_kept_and_answered(stranger, told):
    answer = stranger.get("/health", HTTP_X_REQUEST_ID="my-bot.17:3")
    assert answer["X-Request-ID"] == told[0].request_id == "my-bot.17:3"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, 'x"}', "ä", "a\x00b"])
def test_a_name_that_could_not_stand_in_a_log_is_replaced(stranger, told, given):
    answer = stranger.get("/health", HTTP_X_REQUEST_ID=given)
    assert answer["X-Request-ID"] == told[0].request_id != given
    assert re.fullmatch(r"[0-9a-f-]{36}", told[0].request_id)


def test_the_name_ends_with_the_request(stranger, told):
    stranger.get("/health", HTTP_X_REQUEST_ID="one")
    assert request_id.current() == ""


def test_a_watch_that_fails_costs_nobody_anything(stranger, monkeypatch, caplog):
    heard = []

    def fails(answered):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(watching, "WATCHES", (fails, heard.append))
    assert stranger.get("/health").status_code == 200
    assert len(heard) == 1 and "a watch of requests failed" in caplog.text
