"""POST /api/v1/auth/token"""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken

from accounts import hashers
from accounts.tests.people import PASSWORD, desk_with, sign_in

pytestmark = [pytest.mark.urls("accounts.tests.urls"), pytest.mark.django_db]
ADDRESS = "/api/v1/auth/token"


def test_alice_signs_in_with_her_password(alice):
    answer = sign_in("alice")
    assert answer.status_code == 200
    tokens = answer.json()
    assert set(tokens) == {"access", "refresh", "expires_in", "tier", "is_staff"}
    assert tokens["expires_in"] == 3600 and tokens["tier"] == "beginner" and tokens["is_staff"] is False
    assert answer["Cache-Control"] == "no-store"
    assert desk_with(tokens["access"]).get("/api/v1/api-keys").status_code == 200


def test_the_case_of_the_name_does_not_matter(alice):
    assert sign_in("ALICE").status_code == 200


def test_tokens_are_not_kept_in_the_clear(alice):
    sign_in("alice")
    assert [row.token for row in OutstandingToken.objects.all()] == [""]


@pytest.mark.parametrize(
    ("name", "password"), [("alice", "wrong"), ("nobody", PASSWORD), ("alice ", PASSWORD)]
)
def test_wrong_credentials_do_not_say_what_is_wrong(alice, name, password):
    answer = sign_in(name, password)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json() == {
        "code": "INVALID_CREDENTIALS",
        "message": "The user name, password or key is not right.",
        "details": {},
    }


def test_a_name_that_does_not_exist_takes_the_same_work(alice, monkeypatch):
    hashed = []
    slot = hashers._slot
    monkeypatch.setattr(hashers, "_slot", lambda: hashed.append(1) or slot())
    sign_in("alice", "wrong")
    known = len(hashed)
    sign_in("nobody", "wrong")
    assert known == len(hashed) - known == 1


def test_a_user_who_was_deactivated_cannot_sign_in(alice):
    alice.is_active = False
    alice.save()
    assert sign_in("alice").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "alice"},
        {"password": PASSWORD},
        {"username": "alice", "password": PASSWORD, "api_key": "x"},
        {"username": "alice", "api_key": "x"},
        {"username": ["alice"], "password": PASSWORD},
        {"username": None, "password": None},
        {"username": "alice", "password": 5},
        {"username": "", "password": ""},
        {"username": "a" * 1000, "password": PASSWORD},
        {"username": "alice", "password": "x" * 1000},
        {"api_key": 5},
        {"api_key": ""},
        {"api_key": "x" * 1000},
        {"username": "alice", "password": PASSWORD, "remember": True},
        [],
        [{"username": "alice", "password": PASSWORD}],
        "alice",
        None,
        5,
    ],
)
def test_incomplete_or_odd_credentials_are_a_bad_request(client, alice, body):
    answer = client.post(ADDRESS, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["details"]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer a.b.c",
        "Bearer a b",
        "Bearer \xff\xfe",
        "Bearer " + "x" * 5000,
    ],
)
def test_a_broken_token_is_refused(client, db, header):
    client.credentials(HTTP_AUTHORIZATION=header)
    answer = client.get("/api/v1/api-keys")
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_TOKEN")
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", [None, "", "Basic YWxpY2U6eA==", "Token x"])
def test_without_a_bearer_token_one_has_to_sign_in(client, db, header):
    if header is not None:
        client.credentials(HTTP_AUTHORIZATION=header)
    answer = client.get("/api/v1/api-keys")
    assert (answer.status_code, answer.json()["code"]) == (401, "NOT_AUTHENTICATED")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_the_name_of_the_scheme_may_be_in_any_case(alice):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="bearer " + sign_in("alice").json()["access"])
    assert client.get("/api/v1/api-keys").status_code == 200


def test_a_refresh_token_opens_no_door(alice):
    assert desk_with(sign_in("alice").json()["refresh"]).get("/api/v1/api-keys").status_code == 401


def test_an_expired_token_opens_no_door(alice, monkeypatch):
    monkeypatch.setattr(AccessToken, "lifetime", timedelta(seconds=-1))
    assert desk_with(sign_in("alice").json()["access"]).get("/api/v1/api-keys").status_code == 401


def test_a_token_with_a_changed_claim_opens_no_door(alice, bob):
    of_alice, of_bob = (sign_in(name).json()["access"].split(".") for name in ("alice", "bob"))
    mixed = ".".join([of_alice[0], of_bob[1], of_alice[2]])
    assert desk_with(mixed).get("/api/v1/api-keys").status_code == 401


def test_a_token_of_a_deleted_user_opens_no_door(alice):
    desk = desk_with(sign_in("alice").json()["access"])
    alice.account.delete()
    get_user_model().objects.filter(pk=alice.pk).delete()
    assert desk.get("/api/v1/api-keys").json()["code"] == "INVALID_TOKEN"


def test_a_stale_token_in_the_header_does_not_stop_a_log_in(alice):
    stale = desk_with("stale")
    assert stale.post(ADDRESS, {"username": "alice", "password": PASSWORD}).status_code == 200


def test_a_new_password_ends_all_tokens(alice):
    tokens = sign_in("alice").json()
    alice.set_password("another-tulip-of-1637")
    alice.save()
    assert desk_with(tokens["access"]).get("/api/v1/api-keys").status_code == 401
    answer = APIClient().post("/api/v1/auth/token/refresh", {"refresh": tokens["refresh"]})
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_TOKEN")
    assert sign_in("alice", "another-tulip-of-1637").status_code == 200


# ---- limits ----


def test_after_too_many_failures_the_right_password_has_to_wait_too(limits_on, settings, alice):
    settings.LOGIN_LIMIT = 3
    assert [sign_in("alice", "wrong").status_code for _ in range(4)] == [401, 401, 401, 429]
    refused = sign_in("alice")
    assert refused.json()["code"] == "RATE_LIMITED" and 1 <= int(refused["Retry-After"]) <= 60
    limits_on.seconds += 61
    assert sign_in("alice").status_code == 200


def test_who_knows_a_name_does_not_keep_its_owner_out(limits_on, settings, alice):
    settings.LOGIN_LIMIT = 3
    guesses = [sign_in("alice", "wrong", REMOTE_ADDR="198.51.100.1").status_code for _ in range(5)]
    assert guesses == [401, 401, 401, 429, 429]
    assert sign_in("alice", REMOTE_ADDR="198.51.100.1").status_code == 429
    assert sign_in("alice", REMOTE_ADDR="192.0.2.9").status_code == 200


def test_guessing_at_one_user_from_many_addresses_is_limited(limits_on, settings, alice):
    settings.LOGIN_USER_LIMIT = 3
    answers = [sign_in("alice", "wrong", REMOTE_ADDR=f"192.0.2.{n}").status_code for n in range(4)]
    assert answers == [401, 401, 401, 429]
    assert sign_in("ALICE", REMOTE_ADDR="192.0.2.9").status_code == 429


def test_guessing_at_many_users_from_one_address_is_limited(limits_on, settings, alice, bob):
    settings.LOGIN_LIMIT = 3
    assert [sign_in(f"user-{n}", "wrong").status_code for n in range(4)] == [401, 401, 401, 429]
    assert sign_in("bob").status_code == 429
    assert sign_in("bob", REMOTE_ADDR="192.0.2.9").status_code == 200


def test_guessing_at_keys_is_limited(limits_on, settings, db):
    settings.LOGIN_LIMIT = 3
    answers = [APIClient().post(ADDRESS, {"api_key": f"guess-{n}"}).status_code for n in range(4)]
    assert answers == [401, 401, 401, 429]


def test_signing_in_often_is_no_offence(limits_on, settings, alice):
    settings.LOGIN_LIMIT = 3
    assert {sign_in("alice").status_code for _ in range(6)} == {200}


def test_the_log_in_page_of_the_admin_is_the_same_door(limits_on, settings, admin, client):
    settings.LOGIN_LIMIT = 3
    settings.SECURE_SSL_REDIRECT = False
    form = {"username": "admin", "password": "wrong", "next": "/admin/"}
    for _ in range(3):
        client.post("/admin/login/", form, format="multipart")
    answer = client.post("/admin/login/", form | {"password": PASSWORD}, format="multipart")
    assert answer.status_code == 200 and "sessionid" not in answer.cookies
    limits_on.seconds += 61
    answer = client.post("/admin/login/", form | {"password": PASSWORD}, format="multipart")
    assert answer.status_code == 302 and "sessionid" in answer.cookies


def test_each_tier_has_its_own_limit(limits_on, settings, alice, bob):
    settings.REQUEST_LIMITS = {"anonymous": 50, "beginner": 2, "intermediate": 3, "advanced": 4}
    bob.tier = "intermediate"
    bob.save()
    for name, limit in (("alice", 2), ("bob", 3)):
        desk = desk_with(sign_in(name).json()["access"])
        answers = [desk.get("/api/v1/api-keys") for _ in range(limit + 1)]
        assert [answer.status_code for answer in answers] == [200] * limit + [429]
        assert answers[0]["X-RateLimit-Limit"] == str(limit)
        assert answers[-1].json()["code"] == "RATE_LIMITED" and answers[-1]["Retry-After"]


def test_who_looks_too_often_keeps_nobody_of_the_same_address_from_signing_in(alice, limits_on, settings):
    settings.REQUEST_LIMITS = settings.REQUEST_LIMITS | {"anonymous": 1}
    assert [APIClient().get("/api/v1/api-keys").status_code for _ in range(2)] == [401, 429]
    answer = sign_in("alice")
    assert (answer.status_code, answer["X-RateLimit-Scope"]) == (200, "sign_ins")


def test_signing_in_has_its_own_limit(alice, limits_on, settings):
    settings.SIGN_IN_LIMITS = {"anonymous": 2}
    answers = [sign_in("alice") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["details"]["scope"] == "sign_ins"
