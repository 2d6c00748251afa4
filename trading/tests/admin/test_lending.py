"""Loans and the terms of lending in the admin."""

import pytest

from risk.models import LendingTerms
from trading.tests.admin.office import browser_of, hire, history_of, listed, page, text_of
from trading.tests.margin_market import MarginFloor

TERMS = {
    "hourly_rate": "0.00002", "haircut": "0.05", "maintenance_rate": "0.03", "price_bound": "0.02",
    "liquidation_fee": "0.004", "maximum": "7",
}  # fmt: skip


@pytest.fixture
def floor(transactional_db):
    floor = MarginFloor()
    floor.moves_in("alice", "100")
    floor.borrows("alice", "400")
    return floor


def test_a_loan_with_its_interest(floor, office):
    [loan] = listed(office.get(page("risk_loan_changelist")))
    shown = text_of(office.get(page("risk_loan_change", loan.pk)))
    assert "alice</a> (margin)" in shown and "0.004" in shown
    assert listed(office.get(page("risk_loan_changelist", q="alice"))) == [loan]
    assert listed(office.get(page("risk_loan_changelist", q="bob"))) == []
    assert office.get(page("risk_loan_add")).status_code == 403


def test_terms_are_changed_with_a_reason_and_nothing_else_is_taken(floor, office):
    url = page("risk_lendingterms_change", "BTC")
    assert refused_form(office.post(url, TERMS))
    assert refused_form(office.post(url, TERMS | {"reason": "x", "hourly_rate": "1"}))
    assert refused_form(office.post(url, TERMS | {"reason": "x", "haircut": "1"}))
    assert refused_form(office.post(url, TERMS | {"reason": "x", "maintenance_rate": "0"}))
    assert office.post(url, TERMS | {"reason": "a wilder market"}).status_code == 302
    terms = LendingTerms.objects.get(asset="BTC")
    assert (str(terms.maximum.normalize()), str(terms.haircut.normalize())) == ("7", "0.05")
    assert "a wilder market" in history_of(terms)[-1][1]
    assert office.post(page("risk_lendingterms_delete", "BTC")).status_code == 403


def test_the_list_of_terms_says_what_is_left_in_the_pool(floor, office):
    assert "999600" in text_of(office.get(page("risk_lendingterms_changelist")))


def test_a_users_page_shows_the_margin_account(floor, office):
    shown = text_of(office.get(page("accounts_user_change", floor.user("alice").pk)))
    assert "Margin account" in shown and "400.004" in shown


def test_postings_of_a_margin_account_are_found_by_the_users_name(floor, office):
    shown = text_of(office.get(page("accounts_posting_changelist", q="alice")))
    assert "alice</a> (margin)" in shown


def test_who_may_not_look_does_not_see(floor):
    clerk = browser_of(hire("clerk", "accounts.view_user"))
    assert clerk.get(page("risk_loan_changelist")).status_code == 403
    assert "Margin account" not in text_of(clerk.get(page("accounts_user_change", floor.user("alice").pk)))


def refused_form(response):
    return response.status_code == 200 and bool(response.context["adminform"].form.errors)
