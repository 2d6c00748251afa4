"""Tokens that programs get for an API key."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework.views import APIView

from accounts.api.permissions import IsPerson, IsStaff, ReadScope, TradeScope
from accounts.models import APIKey
from accounts.tests.authenticator import enrol
from accounts.tests.people import PASSWORD, desk_of, desk_with, new_key, sign_in
from common import clock

pytestmark = [pytest.mark.urls("accounts.tests.urls"), pytest.mark.django_db]
KEYS = "/api/v1/api-keys"


def sign_in_with(key, **extra):
    return APIClient().post("/api/v1/auth/token", {"api_key": key}, **extra)


@pytest.fixture
def key(alices_desk):
    return new_key(alices_desk)


@pytest.fixture
def bots_desk(key):
    return desk_with(sign_in_with(key["key"]).json()["access"])


def test_a_key_is_as_good_as_a_password(key, bots_desk):
    assert set(sign_in_with(key["key"]).json()) == {"access", "refresh", "expires_in", "tier", "is_staff"}
    assert bots_desk.get(KEYS).status_code == 200


def test_who_is_staff_is_told_so_but_for_a_key(key, alice):
    alice.is_staff = True
    alice.save()
    assert sign_in("alice").json()["is_staff"] is True
    assert sign_in_with(key["key"]).json()["is_staff"] is False


def test_an_unknown_key_is_refused(db):
    answer = sign_in_with("no-such-key")
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_CREDENTIALS")


def test_a_key_cannot_make_or_revoke_keys(key, bots_desk):
    for answer in (bots_desk.post(KEYS, {"scopes": ["read"]}), bots_desk.delete(f"{KEYS}/{key['id']}")):
        assert (answer.status_code, answer.json()["code"]) == (403, "PERMISSION_DENIED")


def expire(row):
    row.update(expires_at=clock.now() - timedelta(seconds=1))


def revoke(row):
    row.update(revoked_at=clock.now())


def forbid_this_address(row):
    row.update(allowed_addresses=["192.0.2.0/24"])


@pytest.mark.parametrize("end", [expire, revoke, forbid_this_address])
def test_when_a_key_ends_so_do_its_tokens_at_once(key, bots_desk, end):
    refresh = sign_in_with(key["key"]).json()["refresh"]
    end(APIKey.objects.filter(pk=key["id"]))
    answer = bots_desk.get(KEYS)
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_TOKEN")
    assert (
        APIClient().post("/api/v1/auth/token/refresh", {"refresh": refresh}).json()["code"] == "INVALID_TOKEN"
    )
    assert sign_in_with(key["key"]).json()["code"] == "INVALID_CREDENTIALS"


def test_the_allow_list_is_asked_for_each_request(alices_desk):
    key = new_key(alices_desk, allowed_addresses=["192.0.2.0/24"])["key"]
    assert sign_in_with(key).status_code == 401
    access = sign_in_with(key, REMOTE_ADDR="192.0.2.7").json()["access"]
    assert desk_with(access).get(KEYS).status_code == 401
    assert desk_with(access).get(KEYS, REMOTE_ADDR="192.0.2.8").status_code == 200


def test_the_address_that_a_client_claims_does_not_count(alices_desk, settings):
    settings.TRUST_PROXY = False
    key = new_key(alices_desk, allowed_addresses=["192.0.2.0/24"])["key"]
    claims = {
        "HTTP_X_REAL_IP": "192.0.2.7",
        "HTTP_X_FORWARDED_FOR": "192.0.2.7",
        "HTTP_FORWARDED": "for=192.0.2.7",
    }
    assert sign_in_with(key, **claims).status_code == 401


def test_a_refreshed_token_is_still_the_keys(key):
    refresh = sign_in_with(key["key"]).json()["refresh"]
    access = APIClient().post("/api/v1/auth/token/refresh", {"refresh": refresh}).json()["access"]
    assert desk_with(access).post(KEYS, {"scopes": ["read"]}).status_code == 403


def test_the_last_use_is_noted_at_most_once_a_minute(key, bots_desk):
    row = APIKey.objects.get(pk=key["id"])
    assert row.last_used_at is not None
    with CaptureQueriesContext(
        connection,
    ) as queries:
        bots_desk.get(KEYS)
    assert not any(query["sql"].startswith("UPDATE") for query in queries)
    APIKey.objects.update(last_used_at=row.last_used_at - timedelta(minutes=1))
    bots_desk.get(KEYS)
    assert APIKey.objects.get().last_used_at >= row.last_used_at


def test_a_key_of_a_suspended_user_says_so(key, alice):
    alice.suspended_at, alice.suspended_reason = clock.now(), "wash trading"
    alice.save()
    answer = sign_in_with(key["key"])
    assert (answer.status_code, answer.json()["code"]) == (403, "ACCOUNT_SUSPENDED")


class Door(APIView):
    def get(self, request):
        return Response({"user": request.user.username, "account": request.user.account.pk})


def knock(access, permission):
    request = APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {access}")
    return Door.as_view(permission_classes=[permission])(request).status_code


@pytest.mark.parametrize(
    ("scopes", "reads", "trades"),
    [(["read"], 200, 403), (["trade"], 403, 200), (["withdraw"], 403, 403), (["read", "trade"], 200, 200)],
)
def test_a_key_opens_the_doors_of_its_scopes_only(alices_desk, clock, scopes, reads, trades):
    app, _ = enrol(alices_desk, clock)  # for the scope withdraw
    key = new_key(alices_desk, scopes=scopes, otp=app.next_code())
    access = sign_in_with(key["key"]).json()["access"]
    assert (knock(access, ReadScope), knock(access, TradeScope), knock(access, IsPerson)) == (
        reads,
        trades,
        403,
    )


def test_a_person_reads_and_trades(alice):
    access = sign_in("alice").json()["access"]
    assert {knock(access, door) for door in (ReadScope, TradeScope, IsPerson)} == {200}
    assert knock(access, IsStaff) == 403


def test_staff_doors_open_for_staff_in_person_only(admin):
    key = new_key(desk_of("admin"))["key"]
    assert knock(sign_in("admin").json()["access"], IsStaff) == 200
    assert knock(sign_in_with(key).json()["access"], IsStaff) == 403


@pytest.mark.parametrize("door", [ReadScope, TradeScope, IsPerson, IsStaff])
def test_strangers_have_to_sign_in(db, door):
    response = Door.as_view(permission_classes=[door])(APIRequestFactory().get("/"))
    assert response.status_code == 401 and response["WWW-Authenticate"].startswith("Bearer")


def test_the_user_of_a_token_brings_the_ledger_account(alice):
    access = sign_in("alice").json()["access"]
    request = APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {access}")
    assert Door.as_view(permission_classes=[AllowAny])(request).data["account"] == alice.account.pk


def test_a_program_counts_apart_from_its_owner(limits_on, settings, alices_desk, key, bots_desk):
    settings.REQUEST_LIMITS = {"anonymous": 50, "beginner": 2, "intermediate": 2, "advanced": 2}
    assert [bots_desk.get(KEYS).status_code for _ in range(3)] == [200, 200, 429]
    assert alices_desk.get(KEYS).status_code == 200


def test_the_browsable_api_takes_a_session_and_wants_its_csrf_token(alice, settings):
    settings.SECURE_SSL_REDIRECT = False
    browser = APIClient(enforce_csrf_checks=True)
    assert browser.login(username="alice", password=PASSWORD)
    page = browser.get(KEYS, HTTP_ACCEPT="text/html")
    assert page.status_code == 200 and page["Content-Type"].startswith("text/html")
    refused = browser.post(KEYS, {"scopes": ["read"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "PERMISSION_DENIED")
    token = browser.cookies["csrftoken"].value if "csrftoken" in browser.cookies else None
    assert token, "the page sets the CSRF cookie"
    assert browser.post(KEYS, {"scopes": ["read"]}, HTTP_X_CSRFTOKEN=token).status_code == 201
