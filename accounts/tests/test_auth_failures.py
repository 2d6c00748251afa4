"""What was refused of sign-ins, tokens and signatures is counted, once each and by its reason."""

from contextlib import contextmanager

import pytest
from prometheus_client import REGISTRY
from rest_framework.test import APIClient

from accounts.meters import AUTH_FAILURES
from accounts.models import APIKey
from accounts.services import suspend_user
from accounts.tests.people import desk_with, new_key, sign_in
from accounts.tests.signer import Signer, SigningClient
from common import clock

pytestmark = [pytest.mark.urls("accounts.tests.urls"), pytest.mark.django_db]
TOKEN = "/api/v1/auth/token"
KEYS = "/api/v1/api-keys"
REASONS = {"password", "api_key", "token", "signature", "timestamp", "replay", "suspended", "code"}


def failures():
    return {
        sample.labels["reason"]: sample.value
        for metric in AUTH_FAILURES.collect()
        for sample in metric.samples
        if sample.name == "auth_failures_total"
    }


@contextmanager
def counted(**expected):
    before = failures()
    yield
    after = failures()
    assert {
        reason: after[reason] - before[reason] for reason in after if after[reason] != before[reason]
    } == expected


@pytest.fixture
def signer(alices_desk):
    made = new_key(alices_desk)
    return Signer(made["key"], made["secret"])


def test_every_reason_is_there_from_the_start():
    assert set(failures()) == REASONS
    assert REGISTRY.get_sample_value("auth_failures_total", {"reason": "password"}) is not None


def test_wrong_passwords_and_unknown_users(alice):
    with counted(password=2):
        sign_in("alice", "wrong")
        sign_in("nobody", "wrong")


def test_keys_that_open_nothing(alices_desk):
    revoked = new_key(alices_desk)
    alices_desk.delete(f"{KEYS}/{revoked['id']}")
    with counted(api_key=2):
        for key in ("no-such-key", revoked["key"]):
            APIClient().post(TOKEN, {"api_key": key})


def test_tokens_that_do_not_count(alice):
    refresh = sign_in("alice").json()["refresh"]
    with counted(token=4):
        desk_with("x").get(KEYS)
        desk_with("\xff").get(KEYS)
        APIClient().post(f"{TOKEN}/refresh", {"refresh": "x"})
        APIClient().post("/api/v1/auth/logout", {"refresh": "x"})
    with counted():
        APIClient().post(f"{TOKEN}/refresh", {"refresh": refresh})


def test_signatures_that_do_not_fit(signer):
    with counted(signature=3):
        SigningClient(Signer(signer.key, "x")).get(KEYS)
        SigningClient(Signer("no-such-key", "x")).get(KEYS)
        APIClient().get(KEYS, HTTP_X_API_KEY=signer.key)


def test_signatures_that_are_old_or_came_before(signer):
    with counted(timestamp=1):
        SigningClient(signer, {"timestamp": clock.to_ms(clock.now()) - 6_000}).get(KEYS)
    bot = SigningClient(signer)
    bot.get(KEYS)
    with counted(replay=2):
        bot.again()
        bot.again()


def test_signatures_of_keys_that_ended(signer):
    APIKey.objects.update(revoked_at=clock.now())
    with counted(api_key=1):
        SigningClient(signer).get(KEYS)


def test_suspended_users_at_every_door(signer, alice, admin):
    token = sign_in("alice").json()["access"]
    suspend_user(alice, "wash trading", admin)
    with counted(suspended=4):
        sign_in("alice")
        APIClient().post(TOKEN, {"api_key": signer.key})
        desk_with(token).get(KEYS)
        SigningClient(signer).get(KEYS)


def test_who_is_not_signed_in_or_may_not_has_failed_at_nothing(signer, alice):
    with counted():
        APIClient().get(KEYS)
        SigningClient(signer).post(KEYS, {"scopes": ["read"]})
        sign_in("alice")


def test_a_guess_too_many_is_counted_as_a_limit_and_not_here(limits_on, settings, alice):
    settings.LOGIN_LIMIT = 1
    with counted(password=1):
        for _ in range(3):
            sign_in("alice", "wrong")
