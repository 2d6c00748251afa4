"""POST /api/v1/auth/token/refresh and /auth/logout"""

import pytest
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

from accounts.tests.people import at_once, desk_with, sign_in

pytestmark = [pytest.mark.urls("accounts.tests.urls"), pytest.mark.django_db]
ADDRESS = "/api/v1/auth/token/refresh"
LOGOUT = "/api/v1/auth/logout"


def exchange(refresh):
    return APIClient().post(ADDRESS, {"refresh": refresh})


def log_out(refresh):
    return APIClient().post(LOGOUT, {"refresh": refresh})


def test_a_refresh_token_gives_a_new_pair(alice):
    answer = exchange(sign_in("alice").json()["refresh"])
    assert answer.status_code == 200
    tokens = answer.json()
    assert set(tokens) == {"access", "refresh", "expires_in", "tier", "is_staff"}
    assert desk_with(tokens["access"]).get("/api/v1/api-keys").status_code == 200
    assert exchange(tokens["refresh"]).status_code == 200


def test_a_refresh_token_works_once(alice):
    refresh = sign_in("alice").json()["refresh"]
    assert exchange(refresh).status_code == 200
    again = exchange(refresh)
    assert (again.status_code, again.json()["code"]) == (401, "INVALID_TOKEN")


@pytest.mark.parametrize("again", [exchange, log_out])
def test_a_refresh_token_presented_twice_ends_its_session_and_no_other(alice, again):
    other, first = sign_in("alice").json(), sign_in("alice").json()
    second = exchange(first["refresh"]).json()
    assert again(first["refresh"]).status_code == 401
    for tokens in (first, second):
        assert desk_with(tokens["access"]).get("/api/v1/api-keys").status_code == 401
    assert exchange(second["refresh"]).status_code == 401
    assert exchange(other["refresh"]).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_refresh_token_works_once_when_used_many_times_at_once(alice):
    for _ in range(4):
        refresh = sign_in("alice").json()["refresh"]
        answers = at_once(*[lambda refresh=refresh: exchange(refresh)] * 4)
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


@pytest.mark.django_db(transaction=True)
def test_a_refresh_and_a_log_out_at_once_leave_one_winner(alice):
    for _ in range(4):
        refresh = sign_in("alice").json()["refresh"]
        exchanged, ended = at_once(lambda r=refresh: exchange(r), lambda r=refresh: log_out(r))
        assert sorted([exchanged.status_code, ended.status_code]) in ([200, 401], [204, 401])


def test_logging_out_ends_the_refresh_token(alice):
    refresh = sign_in("alice").json()["refresh"]
    answer = log_out(refresh)
    assert answer.status_code == 204 and answer.content == b""
    assert exchange(refresh).status_code == 401
    assert log_out(refresh).status_code == 401


def test_logging_out_in_one_place_does_not_in_another(alice):
    here, there = sign_in("alice").json(), sign_in("alice").json()
    log_out(here["refresh"])
    assert exchange(there["refresh"]).status_code == 200


@pytest.mark.parametrize("address", [ADDRESS, LOGOUT])
@pytest.mark.parametrize(
    "body", [{}, {"refresh": None}, {"refresh": 5}, {"refresh": ""}, {"refresh": "x" * 5000}, [], None]
)
def test_a_body_without_a_token_is_a_bad_request(client, db, address, body):
    answer = client.post(address, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("address", [ADDRESS, LOGOUT])
@pytest.mark.parametrize("token", ["x", "a.b.c", "ключ", "..", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_is_refused(client, db, address, token):
    answer = client.post(address, {"refresh": token})
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_TOKEN")


@pytest.mark.parametrize("address", [ADDRESS, LOGOUT])
def test_an_access_token_is_no_refresh_token(client, alice, address):
    answer = client.post(address, {"refresh": sign_in("alice").json()["access"]})
    assert answer.json()["code"] == "INVALID_TOKEN"


def test_a_token_that_the_exchange_did_not_issue_is_refused_although_well_signed(alice):
    stranger = RefreshToken()
    stranger["user_id"] = str(alice.pk)
    assert exchange(str(stranger)).status_code == 401
