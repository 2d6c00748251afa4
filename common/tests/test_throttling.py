"""Request limits, as a client sees them."""

import uuid
from types import SimpleNamespace

import pytest
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from common import limits
from common.cache import FallbackRedisCache


class Open(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    def get(self, request):
        return Response({})


class Closed(Open):
    def perform_authentication(self, request):
        raise NotAuthenticated


@pytest.fixture(autouse=True)
def three_requests_a_minute(settings, monkeypatch):
    """Limits on, in a minute that does not end, counted apart from other tests."""
    settings.RATE_LIMIT_ENABLED = settings.RATELIMIT_ENABLE = True
    settings.RATELIMIT_CACHE_PREFIX = f"test-{uuid.uuid4()}:"
    settings.REQUEST_LIMITS = settings.REQUEST_LIMITS | {"anonymous": 3}
    monkeypatch.setattr("django_ratelimit.core.time", SimpleNamespace(time=lambda: 1_700_000_000))


def get(view=Open, address="192.0.2.7"):
    return view.as_view()(APIRequestFactory().get("/", REMOTE_ADDR=address))


def test_every_answer_says_what_is_left():
    first, second = get(), get()
    assert first["X-RateLimit-Limit"] == "3"
    assert [first["X-RateLimit-Remaining"], second["X-RateLimit-Remaining"]] == ["2", "1"]
    assert 1 <= int(first["X-RateLimit-Reset"]) <= 60


def test_one_request_too_many_has_to_wait():
    assert [get().status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = get()
    assert refused.data["code"] == "RATE_LIMITED"
    assert refused["Retry-After"] == refused["X-RateLimit-Reset"]
    assert refused["X-RateLimit-Remaining"] == "0"


def test_another_address_is_not_affected():
    for _ in range(4):
        get()
    assert get(address="192.0.2.8").status_code == 200


def test_requests_that_are_refused_for_their_credentials_count_as_well():
    assert [get(Closed).status_code for _ in range(4)] == [401, 401, 401, 429]
    assert get().status_code == 429


def test_limits_can_be_lifted(settings):
    settings.RATE_LIMIT_ENABLED = False
    answers = [get() for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}
    assert "X-RateLimit-Limit" not in answers[0]


def test_the_limit_holds_in_the_process_while_redis_is_away(monkeypatch):
    away = FallbackRedisCache("redis://127.0.0.1:1/0", {"OPTIONS": {"socket_connect_timeout": 0.2}})
    monkeypatch.setattr("django_ratelimit.core.caches", {"default": away})
    assert [get(address="192.0.2.99").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_a_counter_lost_between_two_steps_refuses_nobody(monkeypatch):
    """Redis had the counter, and went away before it was raised."""

    class Forgetful:
        added = False

        def add(self, *args):
            was, self.added = self.added, True
            return was  # first "it is there", then "made"

        def incr(self, key):
            raise ValueError(key)

    monkeypatch.setattr("django_ratelimit.core.caches", {"default": Forgetful()})
    usage = limits.count("requests", "alice", 3)
    assert usage.count == 1 and not usage.exceeded
