"""Request limits, as a client sees them."""

import pytest
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from common.tests.minute import endless_minute


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
    settings.REQUEST_LIMITS = settings.REQUEST_LIMITS | {"anonymous": 3}
    return endless_minute(settings, monkeypatch)


def get(view=Open, address="192.0.2.7", path="/"):
    request = APIRequestFactory().get(path, REMOTE_ADDR=address)
    request.resolver_match = None
    return view.as_view()(request)


def test_every_answer_says_what_is_left():
    first, second = get(), get()
    assert first["X-RateLimit-Limit"] == "3" and first["X-RateLimit-Scope"] == "requests"
    assert [first["X-RateLimit-Remaining"], second["X-RateLimit-Remaining"]] == ["2", "1"]
    assert 1 <= int(first["X-RateLimit-Reset"]) <= 60


def test_one_request_too_many_has_to_wait():
    assert [get().status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = get()
    assert refused.data["code"] == "RATE_LIMITED"
    assert refused["Retry-After"] == refused["X-RateLimit-Reset"]
    assert refused["X-RateLimit-Remaining"] == "0"
    wait = int(refused["Retry-After"])
    assert refused.data["details"] == {"scope": "requests", "limit": 3, "weight": 1, "retry_after": wait}


def test_who_has_waited_as_long_as_was_said_may_go_on(three_requests_a_minute):
    for _ in range(3):
        get()
    three_requests_a_minute.seconds += int(get()["Retry-After"]) - 1
    assert get().status_code == 429
    three_requests_a_minute.seconds += 1
    answer = get()
    assert (answer.status_code, answer["X-RateLimit-Remaining"]) == (200, "2")


def test_another_address_is_not_affected():
    for _ in range(4):
        get()
    assert get(address="192.0.2.8").status_code == 200


def test_the_addresses_of_one_ipv6_network_are_one_client():
    answers = [get(address=f"2001:db8::{number}").status_code for number in range(1, 5)]
    assert answers == [200, 200, 200, 429]
    assert get(address="2001:db8:0:1::1").status_code == 200


def test_requests_that_are_refused_for_their_credentials_count_as_well():
    assert [get(Closed).status_code for _ in range(4)] == [401, 401, 401, 429]
    assert get().status_code == 429


@pytest.mark.parametrize("asked", ["/?format=xml", "/?format=yaml"])
def test_what_is_refused_before_anybody_is_asked_counts_as_well(asked):
    assert [get(path=asked).status_code for _ in range(4)] == [404, 404, 404, 429]
    assert get().status_code == 429


def test_an_address_has_a_ceiling_over_all_that_comes_from_it(settings):
    settings.ADDRESS_LIMIT = 2
    assert [get().status_code for _ in range(3)] == [200, 200, 429]
    refused = get()
    assert (refused["X-RateLimit-Scope"], refused["X-RateLimit-Limit"]) == ("address", "2")


def test_limits_can_be_lifted(settings):
    settings.RATE_LIMIT_ENABLED = False
    answers = [get() for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}
    assert "X-RateLimit-Limit" not in answers[0]


def test_the_limit_holds_in_the_process_while_redis_is_away(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert [get(address="192.0.2.99").status_code for _ in range(4)] == [200, 200, 200, 429]
