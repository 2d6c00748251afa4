"""Guesses at passwords and keys, many of them at the same moment."""

import pytest
from rest_framework.test import APIClient

from accounts.services import log_in
from accounts.tests.people import PASSWORD, at_once, new_key, sign_in
from common import clock

pytestmark = [pytest.mark.urls("accounts.tests.urls"), pytest.mark.django_db]
ADDRESS = "/api/v1/auth/token"


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_only_so_many_are_told_that_they_are_wrong(limits_on, settings, alice):
    settings.LOGIN_USER_LIMIT = 3
    guesses = [lambda n=n: sign_in("alice", f"guess-{n}", REMOTE_ADDR=f"192.0.2.{n}") for n in range(12)]
    answers = [answer.status_code for answer in at_once(*guesses)]
    assert (answers.count(401), answers.count(429)) == (3, 9)


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_keys_at_once_only_so_many_are_told_that_they_are_wrong(limits_on, settings):
    settings.LOGIN_LIMIT = 3
    guesses = [lambda n=n: APIClient().post(ADDRESS, {"api_key": f"guess-{n}"}) for n in range(12)]
    answers = [answer.status_code for answer in at_once(*guesses)]
    assert (answers.count(401), answers.count(429)) == (3, 9)


def test_a_right_guess_tells_nothing_if_too_many_failed_while_it_was_checked(
    limits_on, settings, alice, monkeypatch
):
    settings.LOGIN_USER_LIMIT = 3
    check_password = type(alice).check_password

    def check_slowly(user, password):
        if password == PASSWORD:
            for n in range(3):
                sign_in("alice", f"guess-{n}", REMOTE_ADDR=f"192.0.2.{n}")
        return check_password(user, password)

    monkeypatch.setattr(type(alice), "check_password", check_slowly)
    assert sign_in("alice").status_code == 429


def test_a_right_key_tells_nothing_if_too_many_failed_while_it_was_looked_for(
    limits_on, settings, alices_desk, monkeypatch
):
    settings.LOGIN_LIMIT = 3
    key, find = new_key(alices_desk)["key"], log_in.hash_key

    def find_slowly(given):
        if given == key:
            for n in range(3):
                APIClient().post(ADDRESS, {"api_key": f"guess-{n}"})
        return find(given)

    monkeypatch.setattr(log_in, "hash_key", find_slowly)
    assert APIClient().post(ADDRESS, {"api_key": key}).status_code == 429


def test_a_suspended_user_is_not_told_of_it_by_one_guess_too_many(limits_on, settings, alice, monkeypatch):
    settings.LOGIN_LIMIT = 1
    alice.suspended_at, alice.suspended_reason = clock.now(), "wash trading"
    alice.save()
    check_password = type(alice).check_password

    def check_slowly(user, password):
        if password == PASSWORD:
            sign_in("alice", "wrong")
        return check_password(user, password)

    monkeypatch.setattr(type(alice), "check_password", check_slowly)
    assert sign_in("alice").json()["code"] == "RATE_LIMITED"


@pytest.mark.django_db(transaction=True)
def test_many_may_sign_in_at_once_from_one_address(limits_on, settings, alice):
    settings.LOGIN_LIMIT = 1
    assert {answer.status_code for answer in at_once(*[lambda: sign_in("alice")] * 6)} == {200}


def test_a_key_that_ended_is_no_guess(limits_on, settings, alices_desk):
    settings.LOGIN_LIMIT = 1
    made = new_key(alices_desk)
    alices_desk.delete(f"/api/v1/api-keys/{made['id']}")
    assert [APIClient().post(ADDRESS, {"api_key": made["key"]}).status_code for _ in range(3)] == [401] * 3
