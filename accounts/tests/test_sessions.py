"""/api/v1/auth/sessions: where somebody is signed in, and signing out there."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

from accounts.models import Session
from accounts.services import authenticate_token, issue_tokens, sessions, suspend_user
from accounts.tests.people import PASSWORD, at_once, desk_with, new_key, sign_in
from common import clock

pytestmark = [pytest.mark.urls("accounts.tests.urls"), pytest.mark.django_db]
SESSIONS = "/api/v1/auth/sessions"
KEYS = "/api/v1/api-keys"


@pytest.fixture(autouse=True)
def http(settings):
    settings.SECURE_SSL_REDIRECT = False


def listed(desk):
    answer = desk.get(SESSIONS)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def refresh(tokens):
    return APIClient().post("/api/v1/auth/token/refresh", {"refresh": tokens["refresh"]})


def browser_of(username):
    browser = APIClient()
    assert browser.login(username=username, password=PASSWORD)
    return browser


def test_alice_sees_where_she_is_signed_in(alice, bob):
    sign_in("bob")
    here = sign_in("alice", HTTP_USER_AGENT="Firefox", REMOTE_ADDR="192.0.2.7").json()
    sign_in("alice", HTTP_USER_AGENT="phone", REMOTE_ADDR="2001:db8::1")
    there, own = listed(desk_with(here["access"]))
    assert (own["user_agent"], own["address"], own["is_current"]) == ("Firefox", "192.0.2.7", True)
    assert (there["user_agent"], there["address"], there["is_current"]) == ("phone", "2001:db8::1", False)
    assert (own["kind"], own["api_key"]) == ("token", None)
    assert 0 <= clock.to_ms(clock.now()) - own["created_at"] < 60_000
    assert own["created_at"] <= own["last_used_at"] < own["expires_at"]


@pytest.mark.parametrize("agent", ["x" * 5000, "a\x00b", "\xff\xfe", "", "<script>", "\u202e"])
def test_whatever_the_program_says_it_is_it_can_sign_in(alice, agent):
    tokens = sign_in("alice", HTTP_USER_AGENT=agent).json()
    [own] = listed(desk_with(tokens["access"]))
    assert len(own["user_agent"]) <= 200 and own["user_agent"].isprintable()


def test_a_session_signed_out_opens_no_door_any_more(alice):
    here, there = sign_in("alice").json(), sign_in("alice").json()
    desk, phone = desk_with(here["access"]), desk_with(there["access"])
    assert phone.get(KEYS).status_code == 200
    phones = next(row["id"] for row in listed(desk) if not row["is_current"])
    assert desk.delete(f"{SESSIONS}/{phones}").status_code == 204
    refused = phone.get(KEYS)
    assert (refused.status_code, refused.json()["code"]) == (401, "INVALID_TOKEN")
    assert refresh(there).status_code == 401
    assert desk.get(KEYS).status_code == 200 and [row["is_current"] for row in listed(desk)] == [True]
    assert desk.delete(f"{SESSIONS}/{phones}").status_code == 404


def test_a_refresh_goes_on_with_the_session(alice):
    first = sign_in("alice").json()
    [before] = listed(desk_with(first["access"]))
    second = refresh(first).json()
    [after] = listed(desk_with(second["access"]))
    assert after["id"] == before["id"] and after["is_current"]
    assert desk_with(second["access"]).delete(f"{SESSIONS}/{after['id']}").status_code == 204
    for access in (first["access"], second["access"]):
        assert desk_with(access).get(KEYS).status_code == 401
    assert refresh(second).status_code == 401


def test_everywhere_else_is_signed_out_at_once(alice, bob):
    here, there, his = sign_in("alice").json(), sign_in("alice").json(), sign_in("bob").json()
    key = new_key(desk_with(here["access"]))
    program = APIClient().post("/api/v1/auth/token", {"api_key": key["key"]}).json()
    browser = browser_of("alice")
    assert browser.get(KEYS).status_code == 200
    answer = desk_with(here["access"]).delete(SESSIONS)
    assert (answer.status_code, answer.json()) == (200, {"ended": 3})
    assert desk_with(here["access"]).get(KEYS).status_code == 200
    assert desk_with(his["access"]).get(KEYS).status_code == 200
    assert {desk_with(tokens["access"]).get(KEYS).status_code for tokens in (there, program)} == {401}
    assert browser.get(KEYS).status_code == 401
    assert APIClient().post("/api/v1/auth/token", {"api_key": key["key"]}).status_code == 200


def test_sessions_of_others_can_neither_be_seen_nor_ended(alices_desk, bob):
    tokens = sign_in("bob").json()
    [his] = listed(desk_with(tokens["access"]))
    assert his["id"] not in [row["id"] for row in listed(alices_desk)]
    assert alices_desk.delete(f"{SESSIONS}/{his['id']}").status_code == 404
    assert alices_desk.delete(f"{SESSIONS}/{10**18}").status_code == 404
    assert desk_with(tokens["access"]).get(KEYS).status_code == 200


def test_logging_out_ends_the_session(alice):
    tokens = sign_in("alice").json()
    assert APIClient().post("/api/v1/auth/logout", {"refresh": tokens["refresh"]}).status_code == 204
    assert desk_with(tokens["access"]).get(KEYS).status_code == 401


def test_logging_out_of_a_session_that_was_ended_elsewhere_is_no_error(alice):
    tokens, desk = sign_in("alice").json(), desk_with(sign_in("alice").json()["access"])
    desk.delete(SESSIONS)
    assert APIClient().post("/api/v1/auth/logout", {"refresh": tokens["refresh"]}).status_code == 204


def test_a_session_of_a_key_ends_with_the_key(alices_desk):
    key = new_key(alices_desk)
    program = APIClient().post("/api/v1/auth/token", {"api_key": key["key"]}).json()
    [session] = [row for row in listed(alices_desk) if not row["is_current"]]
    assert session["api_key"] == key["id"]
    alices_desk.delete(f"{KEYS}/{key['id']}")
    assert [row["is_current"] for row in listed(alices_desk)] == [True]
    assert desk_with(program["access"]).get(KEYS).status_code == 401


def test_an_api_key_sees_and_ends_no_sessions(alices_desk):
    key = new_key(alices_desk)
    program = desk_with(APIClient().post("/api/v1/auth/token", {"api_key": key["key"]}).json()["access"])
    session = Session.objects.first().pk
    for answer in (program.get(SESSIONS), program.delete(SESSIONS), program.delete(f"{SESSIONS}/{session}")):
        assert (answer.status_code, answer.json()["code"]) == (403, "PERMISSION_DENIED")


def test_sessions_that_ended_by_themselves_are_not_listed(alices_desk, alice):
    for change in ({"expires_at": clock.now()}, {"password_mark": "of another password"}):
        issue_tokens(alice)
        Session.objects.filter(pk=Session.objects.latest("pk").pk).update(**change)
    assert [row["is_current"] for row in listed(alices_desk)] == [True]


def test_its_use_is_noted_once_a_minute(alices_desk, alice, django_assert_num_queries):
    alices_desk.get(KEYS)
    before = Session.objects.get()
    long_ago = clock.now() - timedelta(minutes=5)
    Session.objects.update(last_used_at=long_ago)
    alices_desk.get(KEYS)
    noted = Session.objects.get().last_used_at
    assert noted >= before.last_used_at
    alices_desk.get(KEYS)
    assert Session.objects.get().last_used_at == noted


def test_a_request_asks_for_user_session_and_key_together(alice, django_assert_num_queries):
    access = issue_tokens(alice).access
    with django_assert_num_queries(1):
        authenticate_token(access, "127.0.0.1")


def test_a_token_from_before_there_were_sessions_is_refused(alice):
    token = RefreshToken.for_user(alice)
    assert desk_with(str(token.access_token)).get(KEYS).json()["code"] == "INVALID_TOKEN"
    assert refresh({"refresh": str(token)}).json()["code"] == "INVALID_TOKEN"


def test_a_suspension_ends_the_sessions(alice, admin):
    sign_in("alice")
    suspend_user(alice, "wash trading", by=admin)
    assert not Session.objects.filter(user=alice, revoked_at=None)


# ---- too many ----


@pytest.fixture
def three_at_most(monkeypatch):
    monkeypatch.setattr(sessions, "MOST_SESSIONS", 3)


def doors(*all_tokens):
    return [desk_with(tokens["access"]).get(KEYS).status_code for tokens in all_tokens]


def test_with_one_session_too_many_the_one_that_was_unused_for_longest_ends(alice, bob, three_at_most):
    his, *hers = sign_in("bob").json(), *(sign_in("alice").json() for _ in range(3))
    assert doors(his, *hers) == [200] * 4
    oldest = Session.objects.filter(user=alice).earliest("pk")
    Session.objects.filter(pk=oldest.pk).update(
        last_used_at=clock.now() + timedelta(minutes=1)
    )  # it is in use
    newest = sign_in("alice").json()
    assert doors(his, *hers, newest) == [200, 200, 401, 200, 200]
    assert refresh(hers[1]).status_code == 401
    assert Session.objects.filter(user=alice, revoked_at=None).count() == 3


def test_a_program_that_signs_in_all_the_time_ends_only_its_own_sessions(alices_desk, three_at_most):
    keys = [new_key(alices_desk)["key"] for _ in range(2)]
    [other, *own] = [
        APIClient().post("/api/v1/auth/token", {"api_key": key}).json() for key in (keys[1], *[keys[0]] * 5)
    ]
    assert doors(other, *own) == [200, 401, 401, 200, 200, 200]
    assert alices_desk.get(KEYS).status_code == 200


def test_what_has_ended_takes_nobodys_place(alice, three_at_most):
    first, second, third = (sign_in("alice").json() for _ in range(3))
    APIClient().post("/api/v1/auth/logout", {"refresh": third["refresh"]})
    sign_in("alice")
    assert doors(first, second) == [200, 200]


def test_browsers_count_with_the_persons_other_sessions(alice, three_at_most):
    first = sign_in("alice").json()
    browsers = [browser_of("alice") for _ in range(3)]
    assert {browser.get(KEYS).status_code for browser in browsers} == {200}
    assert doors(first) == [401]


# ---- browsers ----


def test_a_browser_is_a_session_like_any_other(alice, alices_desk):
    browser = browser_of("alice")
    for _ in range(2):
        assert browser.get(KEYS).status_code == 200
    [session] = [row for row in listed(alices_desk) if row["kind"] == "browser"]
    assert [row["kind"] for row in listed(browser) if row["is_current"]] == ["browser"]
    assert alices_desk.delete(f"{SESSIONS}/{session['id']}").status_code == 204
    assert browser.get(KEYS).status_code == 401
    assert browser.cookies["sessionid"].value == ""


def test_an_administrator_signed_out_is_out_of_the_admin(admin):
    browser = browser_of("admin")
    assert browser.get("/admin/").status_code == 200
    desk = desk_with(sign_in("admin").json()["access"])
    assert desk.delete(SESSIONS).json() == {"ended": 1}
    assert browser.get("/admin/").status_code == 302


def test_a_cookie_that_was_never_used_is_signed_out_too(admin):
    """The session begins when the cookie is given out, not when it is first shown."""
    browser = APIClient(HTTP_USER_AGENT="Firefox")
    assert (
        browser.post("/admin/login/", {"username": "admin", "password": PASSWORD}, "multipart").status_code
        == 302
    )
    desk = desk_with(sign_in("admin").json()["access"])
    [session] = [row for row in listed(desk) if row["kind"] == "browser"]
    assert session["user_agent"] == "Firefox"
    assert desk.delete(SESSIONS).json() == {"ended": 1}
    assert browser.get("/admin/").status_code == 302


def test_who_signs_in_where_somebody_else_is_signed_in_ends_that_session(admin, alice):
    browser = browser_of("alice")
    assert browser.get(KEYS).status_code == 200
    browser.post("/admin/login/", {"username": "admin", "password": PASSWORD}, "multipart")
    assert browser.get("/admin/").status_code == 200
    [session] = Session.objects.filter(kind="browser", revoked_at=None)
    assert session.user == admin


def test_giving_up_the_cookie_ends_the_browsers_session(admin):
    browser = browser_of("admin")
    browser.get("/admin/")
    assert Session.objects.filter(kind="browser", revoked_at=None).count() == 1
    browser.post("/admin/logout/")
    assert Session.objects.filter(kind="browser", revoked_at=None).count() == 0


def test_a_browser_ends_all_sessions_but_its_own(alice):
    browser, tokens = browser_of("alice"), sign_in("alice").json()
    assert browser.delete(SESSIONS).json() == {"ended": 1}
    assert browser.get(KEYS).status_code == 200
    assert desk_with(tokens["access"]).get(KEYS).status_code == 401


def test_a_stranger_with_a_cookie_gets_no_session(client):
    client.cookies["sessionid"] = "no-such-session"
    assert client.get(KEYS).status_code == 401
    assert not Session.objects.exists()


# ---- in the end ----


def test_what_ended_long_ago_is_forgotten(alices_desk, alice):
    long_ago = clock.now() - timedelta(days=2)
    for change in ({"revoked_at": long_ago}, {"expires_at": long_ago}, {"revoked_at": clock.now()}):
        issue_tokens(alice)
        Session.objects.filter(pk=Session.objects.latest("pk").pk).update(**change)
    call_command("forget_sessions")
    assert Session.objects.count() == 2
    assert alices_desk.get(KEYS).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_refresh_and_an_end_at_once_leave_no_token_alive(alice):
    for _ in range(4):
        tokens, desk = sign_in("alice").json(), desk_with(sign_in("alice").json()["access"])
        session = next(row["id"] for row in listed(desk) if not row["is_current"])
        exchanged, _ = at_once(
            lambda t=tokens: refresh(t), lambda d=desk, s=session: d.delete(f"{SESSIONS}/{s}")
        )
        alive = exchanged.json() if exchanged.status_code == 200 else tokens
        assert desk_with(alive["access"]).get(KEYS).status_code == 401
        assert refresh(alive).status_code == 401
        Session.objects.all().delete()
