"""Who gets in, and how far."""

import pytest
from django.contrib import admin as django_admin
from django.test import Client

from accounts.services import register_user, suspend_user
from market.models import Market
from trading.tests.admin.office import PASSWORD, browser_of, hire, page, text_of

INDEX = "/admin/"


def sign_in(username, password=PASSWORD):
    browser = Client()
    answer = browser.post("/admin/login/?next=/admin/", {"username": username, "password": password})
    return browser, answer


def btc_usdt():
    return Market.objects.get(symbol="BTC-USDT")


def own_pages(user, order, market):
    return [
        page("accounts_user_suspend", id=user.pk),
        page("accounts_user_resume", id=user.pk),
        page("accounts_user_adjust", user.pk),
        page("accounts_user_revoke_key", user.pk, 1),
        page("market_market_status", to="halted", id=market.pk),
        page("market_market_events", market.pk),
        page("trading_order_cancel", id=order),
    ]


def test_an_administrator_signs_in_with_the_password(admin):
    browser, answer = sign_in("admin")
    assert (answer.status_code, answer["Location"]) == (302, INDEX)
    assert "Bourse" in text_of(browser.get(INDEX))
    assert 'href="/"' in text_of(browser.get(INDEX)), "a link back to the trading page"


def test_the_address_without_a_slash_leads_there_too(db):
    assert Client().get("/admin")["Location"] == INDEX


@pytest.mark.parametrize("password", ["wrong", "", "x" * 5000])
def test_a_wrong_password_opens_nothing(admin, password):
    browser, answer = sign_in("admin", password)
    assert answer.status_code == 200
    assert browser.get(INDEX).status_code == 302


def test_a_user_who_is_not_staff_is_not_let_in_with_the_right_password(db):
    register_user("mallory", "mallory@example.com", PASSWORD)
    browser, answer = sign_in("mallory")
    assert "staff account" in text_of(answer)
    assert browser.get(INDEX).status_code == 302


def test_suspended_staff_are_out_on_the_next_request_and_cannot_come_back(admin):
    clerk = hire("clerk", "accounts.view_user")
    browser = browser_of(clerk)
    assert browser.get(page("accounts_user_changelist")).status_code == 200
    suspend_user(clerk, "left the company", by=admin)
    assert "/admin/login/" in browser.get(page("accounts_user_changelist"))["Location"]
    browser, _ = sign_in("clerk")
    assert browser.get(INDEX).status_code == 302


def test_a_stranger_is_sent_to_the_log_in_from_every_page(desk, alice):
    market = btc_usdt()
    order = desk.buys("alice", "0.1", at="60000").order.id
    for address in own_pages(alice, order, market):
        for answer in (Client().get(address), Client().post(address, {"reason": "because"})):
            assert answer.status_code == 302 and "/admin/login/" in answer["Location"], address
    alice.refresh_from_db()
    assert not alice.is_suspended


def test_staff_without_permissions_may_do_nothing(desk, alice, clerk):
    market, browser = btc_usdt(), clerk()
    order = desk.buys("alice", "0.1", at="60000").order.id
    for address in own_pages(alice, order, market):
        assert browser.get(address).status_code == 403, address
        assert browser.post(address, {"reason": "because"}).status_code == 403, address
    for model in django_admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}_changelist"
        assert browser.get(page(name)).status_code == 403, name
    alice.refresh_from_db()
    assert not alice.is_suspended and desk.book() != []


def test_staff_who_may_only_look_change_nothing(desk, alice, clerk):
    browser = clerk("accounts.view_user", "market.view_market", "trading.view_order")
    market = btc_usdt()
    order = desk.buys("alice", "0.1", at="60000").order.id
    looking = text_of(browser.get(page("accounts_user_change", alice.pk)))
    assert "Suspend" not in looking and "Adjust" not in looking and "Reason for the change" not in looking
    assert "Halt" not in text_of(browser.get(page("market_market_change", market.pk)))
    assert "Cancel this order" not in text_of(browser.get(page("trading_order_change", order)))
    for address in own_pages(alice, order, market):
        assert browser.post(address, {"reason": "because"}).status_code in (403, 405), address
    assert browser.post(page("accounts_user_change", alice.pk), {"tier": "advanced"}).status_code == 403


def test_a_request_forged_by_another_site_is_refused(desk, alice, admin):
    browser = browser_of(admin, enforce_csrf_checks=True)
    order = desk.buys("alice", "0.1", at="60000").order.id
    for address in own_pages(alice, order, btc_usdt()):
        assert browser.post(address, {"reason": "because"}).status_code == 403, address
    alice.refresh_from_db()
    assert not alice.is_suspended


def test_tokens_are_not_shown_to_staff(office):
    assert "oken" not in text_of(office.get(INDEX)).replace("csrfmiddlewaretoken", "")
    assert office.get("/admin/token_blacklist/outstandingtoken/").status_code == 404
