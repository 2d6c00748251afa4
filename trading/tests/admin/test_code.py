"""Nobody who has a second factor gets into the admin or the browsable API by the password alone."""

import pytest
from django.test import Client

from accounts.services import register_user
from accounts.tests.authenticator import enrol, stopped_clock
from accounts.tests.people import desk_of
from trading.tests.admin.office import PASSWORD, browser_of, hire, page, text_of

DOORS = {"/admin/login/": "/admin/", "/api-auth/login/": "/api/v1/"}


@pytest.fixture
def phone(db, monkeypatch, settings):
    settings.RATE_LIMIT_ENABLED = settings.RATELIMIT_ENABLE = False
    clock = stopped_clock(monkeypatch)
    hire("chief", is_superuser=True)
    return enrol(desk_of("chief"), clock, PASSWORD)


def knock(door, browser=None, **fields):
    form = {"username": "chief", "password": PASSWORD, "next": DOORS[door]} | fields
    browser = browser or Client()
    return browser.post(door, form), browser


@pytest.mark.parametrize("door", DOORS)
def test_the_password_alone_opens_no_door(phone, door):
    for fields in ({}, {"otp": ""}, {"otp": "  "}):
        answer, browser = knock(door, **fields)
        assert "one-time code" in text_of(answer) and "sessionid" not in browser.cookies
    answer, browser = knock(door, otp=phone[0].wrong_code())
    assert "code is wrong" in text_of(answer) and "sessionid" not in browser.cookies
    answer, browser = knock(door, otp="1" * 33)
    assert answer.status_code == 200 and "sessionid" not in browser.cookies


@pytest.mark.parametrize("door", DOORS)
def test_a_code_opens_it_once(phone, door):
    code = phone[0].next_code()
    answer, browser = knock(door, otp=code)
    assert (answer.status_code, answer["Location"]) == (302, DOORS[door])
    assert browser.get(page("index")).status_code == 200
    answer, browser = knock(door, otp=code)
    assert answer.status_code == 200 and "sessionid" not in browser.cookies


@pytest.mark.parametrize("door", DOORS)
def test_a_recovery_code_opens_it(phone, door):
    assert knock(door, otp=phone[1][0])[0].status_code == 302


@pytest.mark.parametrize("door", DOORS)
def test_a_wrong_password_does_not_learn_of_the_second_factor(phone, door):
    for fields in ({}, {"otp": phone[0].next_code()}):
        answer, _ = knock(door, password="wrong", **fields)
        assert "one-time code is" not in text_of(answer) and "This takes" not in text_of(answer)


def test_whoever_asks_django_itself_needs_the_code_too(phone):
    """Any page that asks the backends for a name and a password, whatever form it has."""
    browser = Client()
    assert not browser.login(username="chief", password=PASSWORD)
    assert browser.login(username="chief", password=PASSWORD, otp=phone[0].next_code())


def test_who_is_not_staff_is_still_not_let_in(db, settings):
    settings.RATE_LIMIT_ENABLED = False
    register_user("mallory", "mallory@example.com", PASSWORD)
    answer, browser = knock("/admin/login/", username="mallory")
    assert "staff account" in text_of(answer) and "sessionid" not in browser.cookies


def test_ones_own_password_is_changed_where_a_code_is_asked_for(phone, db):
    boss = hire("boss", is_superuser=True)
    browser, form = browser_of(boss), {"password1": "another-tulip-42", "password2": "another-tulip-42"}
    assert browser.get("/admin/password_change/")["Location"] == "/security#password"
    for written in (f"{boss.pk}", f"0{boss.pk}", f"+{boss.pk}", f" {boss.pk}", f"_2B{boss.pk}"):
        address = page("auth_user_password_change", written)
        for answer in (browser.get(address), browser.post(address, form)):
            assert answer.status_code == 302 and answer["Location"] == "/admin/password_change/", written
    boss.refresh_from_db()
    assert boss.check_password(PASSWORD)
