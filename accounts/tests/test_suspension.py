"""Suspending and resuming users."""

import pytest
from django.contrib.admin.models import LogEntry
from rest_framework.test import APIClient

from accounts.services import resume_user, suspend_user
from accounts.tests.people import PASSWORD, at_once, desk_with, sign_in
from common.errors import ErrorCode, Refused

pytestmark = [pytest.mark.urls("accounts.tests.urls"), pytest.mark.django_db]
KEYS = "/api/v1/api-keys"


def exchange(refresh):
    return APIClient().post("/api/v1/auth/token/refresh", {"refresh": refresh})


def test_a_suspended_user_is_told_so_at_every_door(alice, admin):
    tokens = sign_in("alice").json()
    desk = desk_with(tokens["access"])
    assert desk.get(KEYS).status_code == 200
    suspend_user(alice, "wash trading", by=admin)
    for answer in (desk.get(KEYS), sign_in("alice"), exchange(tokens["refresh"])):
        assert answer.status_code == 403
        assert answer.json()["code"] == "ACCOUNT_SUSPENDED"
        assert answer.json()["details"] == {"reason": "wash trading"}


def test_a_wrong_password_does_not_learn_of_the_suspension(alice, admin):
    suspend_user(alice, "wash trading", by=admin)
    assert sign_in("alice", "wrong").json()["code"] == "INVALID_CREDENTIALS"


def test_after_the_suspension_alice_signs_in_anew(alice, admin):
    before = sign_in("alice").json()
    suspend_user(alice, "wash trading", by=admin)
    resume_user(alice, by=admin)
    assert exchange(before["refresh"]).status_code == 401
    assert sign_in("alice").status_code == 200


def test_others_are_not_affected(alice, bob, admin):
    tokens = sign_in("bob").json()
    suspend_user(alice, "wash trading", by=admin)
    assert desk_with(tokens["access"]).get(KEYS).status_code == 200
    assert exchange(tokens["refresh"]).status_code == 200


def test_the_history_tells_who_did_it_and_why(alice, admin):
    suspend_user(alice, " wash trading ", by=admin)
    resume_user(alice, by=admin)
    entries = LogEntry.objects.filter(object_id=str(alice.pk)).order_by("id")
    assert [(entry.user, entry.change_message) for entry in entries] == [
        (admin, "Suspended: wash trading"),
        (admin, "Suspension lifted"),
    ]
    alice.refresh_from_db()
    assert not alice.is_suspended and alice.suspended_reason == ""


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_a_suspension_needs_a_reason(alice, admin, reason):
    with pytest.raises(Refused) as refused:
        suspend_user(alice, reason, by=admin)
    assert refused.value.code is ErrorCode.VALIDATION_ERROR
    alice.refresh_from_db()
    assert not alice.is_suspended


def test_nobody_suspends_themselves(admin):
    with pytest.raises(Refused) as refused:
        suspend_user(admin, "holidays", by=admin)
    assert refused.value.code is ErrorCode.PERMISSION_DENIED


def test_the_session_of_a_suspended_administrator_ends_on_the_next_request(admin, alice, settings):
    settings.SECURE_SSL_REDIRECT = False
    browser = APIClient()
    assert browser.login(username="admin", password=PASSWORD)
    assert browser.get("/admin/").status_code == 200
    suspend_user(admin, "left the firm", by=alice)
    assert browser.get("/admin/").status_code == 302
    assert browser.get(KEYS).status_code == 401
    assert not browser.login(username="admin", password=PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_a_refresh_and_a_suspension_at_once_leave_no_token_alive(alice, admin):
    for _ in range(4):
        refresh = sign_in("alice").json()["refresh"]
        exchanged, _ = at_once(
            lambda r=refresh: exchange(r), lambda: suspend_user(alice, "wash trading", by=admin)
        )
        resume_user(alice, by=admin)
        alive = exchanged.json().get("refresh", refresh)
        assert exchange(alive).status_code == 401
