"""POST /api/v1/auth/password"""

import pytest
from rest_framework.test import APIClient

from accounts.models import Session
from accounts.services import check_password, issue_tokens
from accounts.tests.authenticator import enrol
from accounts.tests.people import PASSWORD, at_once, desk_with, new_key, sign_in
from common.errors import ErrorCode, Refused

pytestmark = [pytest.mark.urls("accounts.tests.urls"), pytest.mark.django_db]
ADDRESS = "/api/v1/auth/password"
KEYS = "/api/v1/api-keys"
NEW = "another-tulip-of-1637"


@pytest.fixture(autouse=True)
def http(settings):
    settings.SECURE_SSL_REDIRECT = False


def change(desk, current=PASSWORD, new=NEW, **more):
    return desk.post(ADDRESS, {"current_password": current, "new_password": new} | more)


def refusal(answer):
    return answer.status_code, answer.json()["code"]


def test_alice_changes_her_password_and_stays_signed_in(alice):
    desk = desk_with(sign_in("alice").json()["access"])
    answer = change(desk)
    assert answer.status_code == 200 and answer["Cache-Control"] == "no-store"
    assert sign_in("alice").status_code == 401 and sign_in("alice", NEW).status_code == 200
    tokens = answer.json()
    assert desk_with(tokens["access"]).get(KEYS).status_code == 200
    assert APIClient().post("/api/v1/auth/token/refresh", {"refresh": tokens["refresh"]}).status_code == 200


def test_every_other_session_ends(alice):
    here, there = sign_in("alice").json(), sign_in("alice").json()
    desk, browser = desk_with(here["access"]), APIClient()
    assert browser.login(username="alice", password=PASSWORD) and browser.get(KEYS).status_code == 200
    key = new_key(desk)
    program = APIClient().post("/api/v1/auth/token", {"api_key": key["key"]}).json()
    tokens = change(desk).json()
    assert {desk_with(other["access"]).get(KEYS).status_code for other in (here, there, program)} == {401}
    assert browser.get(KEYS).status_code == 401
    for other in (here, there):
        assert (
            APIClient().post("/api/v1/auth/token/refresh", {"refresh": other["refresh"]}).status_code == 401
        )
    [session] = desk_with(tokens["access"]).get("/api/v1/auth/sessions").json()["results"]
    assert session["is_current"]
    assert APIClient().post("/api/v1/auth/token", {"api_key": key["key"]}).status_code == 200


def test_a_sign_in_with_the_old_password_that_is_under_way_gets_no_session(alice):
    """Its password was checked before the change; its session would begin after all others had ended."""
    checked = check_password("alice", PASSWORD, "192.0.2.7")
    tokens = change(desk_with(sign_in("alice").json()["access"])).json()
    with pytest.raises(Refused) as refused:
        issue_tokens(checked)
    assert refused.value.code is ErrorCode.INVALID_CREDENTIALS
    assert len(desk_with(tokens["access"]).get("/api/v1/auth/sessions").json()["results"]) == 1


def test_a_browser_with_a_cookie_stays_signed_in(alice):
    browser = APIClient()
    assert browser.login(username="alice", password=PASSWORD)
    assert change(browser).status_code == 200
    assert browser.get(KEYS).status_code == 200
    [session] = browser.get("/api/v1/auth/sessions").json()["results"]
    assert session["kind"] == "browser" and session["is_current"]


def test_it_takes_the_current_password(limits_on, settings, alices_desk):
    settings.LOGIN_LIMIT = 3
    answers = [change(alices_desk, "wrong") for _ in range(4)]
    assert [refusal(answer) for answer in answers] == [(401, "INVALID_CREDENTIALS")] * 3 + [
        (429, "RATE_LIMITED")
    ]
    limits_on.seconds += 61
    assert sign_in("alice").status_code == 200


@pytest.mark.parametrize("new", ["short", "alice@example.com", "12345678901", "password", PASSWORD])
def test_a_password_that_is_easy_to_guess_or_the_same_is_refused(alices_desk, new):
    answer = change(alices_desk, new=new)
    assert refusal(answer) == (400, "VALIDATION_ERROR") and answer.json()["details"]["new_password"]
    assert sign_in("alice").status_code == 200


def test_who_has_a_second_factor_gives_a_code(alices_desk, clock):
    app, _ = enrol(alices_desk, clock)
    assert refusal(change(alices_desk)) == (403, "TWO_FACTOR_REQUIRED")
    assert refusal(change(alices_desk, otp=app.wrong_code())) == (403, "INVALID_CODE")
    assert sign_in("alice", NEW).status_code == 401
    clock.seconds += 2
    code = app.next_code()
    assert refusal(change(alices_desk, new="short", otp=code)) == (
        400,
        "VALIDATION_ERROR",
    )  # the code is not used up
    assert change(alices_desk, otp=code).status_code == 200


def test_an_api_key_changes_no_password(alices_desk):
    key = new_key(alices_desk)
    program = desk_with(APIClient().post("/api/v1/auth/token", {"api_key": key["key"]}).json()["access"])
    assert refusal(change(program)) == (403, "PERMISSION_DENIED")


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_at_once_one_counts(alice):
    desks = [desk_with(sign_in("alice").json()["access"]) for _ in range(2)]
    news = [f"tulip-number-{n}-of-1637" for n in range(2)]
    answers = at_once(
        *(lambda d=desk, n=new: change(d, new=n) for desk, new in zip(desks, news, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 401]
    [kept] = [new for new, answer in zip(news, answers, strict=True) if answer.status_code == 200]
    assert sign_in("alice", kept).status_code == 200
    assert Session.objects.filter(revoked_at=None).count() == 2
