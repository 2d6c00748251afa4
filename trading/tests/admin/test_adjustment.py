"""Adjusting a balance: a ledger transaction with a reason and a name, never an edited number."""

import uuid
from decimal import Decimal

import pytest
from django.db.models import Sum

from accounts.models import LedgerTransaction, Posting, User
from accounts.tests.people import at_once
from trading.admin.adjustment import adjust
from trading.tests.admin.office import history_of, page, refused, text_of, told


def fill_in(user, amount, asset="BTC", reason="a deposit that got lost", reference=None):
    form = {"asset": asset, "amount": amount, "reason": reason, "reference": reference or uuid.uuid4()}
    return page("accounts_user_adjust", user.pk), form


def adjustments():
    return LedgerTransaction.objects.filter(kind="adjustment")


def test_an_adjustment_is_a_ledger_transaction_that_sums_to_zero(office, admin, desk, alice):
    answer = office.post(*fill_in(alice, "0.5"), follow=True)
    [posted] = adjustments()
    assert told(answer) == [f"Posted as ledger transaction {posted.pk}."]
    assert (posted.actor, posted.reason) == (admin, "a deposit that got lost")
    amounts = list(posted.postings.order_by("id").values_list("account__name", "asset", "amount"))
    assert amounts == [(f"user:{alice.pk}", "BTC", Decimal("0.5")), ("outside", "BTC", Decimal("-0.5"))]
    assert desk.balance("alice", "BTC") == ("1.5", "0")
    assert Posting.objects.filter(asset="BTC").aggregate(sum=Sum("amount")) == {"sum": 0}


def test_the_history_of_the_user_has_it(office, alice):
    office.post(*fill_in(alice, "-0.25"))
    [posted] = adjustments()
    assert history_of(alice) == [
        ("admin", f"Balance adjusted by -0.25 BTC (adjustment {posted.pk}): a deposit that got lost")
    ]


def test_money_is_taken_with_a_minus_sign_and_given_with_a_plus(office, desk, alice):
    office.post(*fill_in(alice, "-1", "USDT"))
    assert desk.balance("alice", "USDT") == ("99999", "0")
    office.post(*fill_in(alice, "+0.00000001", "USDT"))
    assert desk.balance("alice", "USDT") == ("99999.00000001", "0")


def test_more_than_is_available_is_refused_in_plain_words(office, desk, alice):
    desk.sells("alice", "0.4", at="60000")
    answer = office.post(*fill_in(alice, "-0.7"))
    assert refused(answer)
    assert "alice has only 0.6 BTC available; 0.4 more are held by open orders." in answer.content.decode()
    assert desk.balance("alice", "BTC") == ("0.6", "0.4")
    assert not adjustments().exists() and history_of(alice) == []


WRONG_AMOUNTS = [
    ("", "This field is required."),
    ("0", "An adjustment of zero changes nothing."),
    ("-0.000", "An adjustment of zero changes nothing."),
    ("0.000000001", "BTC has at most 8 decimals."),
    ("1e3", "Write a plain decimal number"),
    ("NaN", "Write a plain decimal number"),
    ("Infinity", "Write a plain decimal number"),
    ("1,000", "Write a plain decimal number"),
    ("1_000", "Write a plain decimal number"),
    ("٣", "Write a plain decimal number"),
    ("--1", "Write a plain decimal number"),
    ("+-1", "Write a plain decimal number"),
    ("-", "Write a plain decimal number"),
    ("9" * 39, "Write a plain decimal number"),
    ("9" * 41, "at most 40 characters"),
    ("9999999999999999999", "No account can hold that much."),
]


def test_amounts_that_are_none_are_refused(office, desk, alice):
    for amount, sentence in WRONG_AMOUNTS:
        answer = office.post(*fill_in(alice, amount))
        assert refused(answer) and sentence in answer.content.decode(), amount
    assert desk.balance("alice", "BTC") == ("1", "0") and not adjustments().exists()


@pytest.mark.parametrize(
    "wrong", [{"asset": "DOGE"}, {"asset": ""}, {"reason": " "}, {"reason": "x" * 201}, {"reference": "7"}]
)
def test_other_wrong_fields_are_refused(office, desk, alice, wrong):
    address, form = fill_in(alice, "0.5")
    assert refused(office.post(address, form | wrong))
    assert desk.balance("alice", "BTC") == ("1", "0") and not adjustments().exists()


def test_a_second_click_does_not_post_again(office, desk, alice):
    sent = fill_in(alice, "0.5", reference=uuid.uuid4())
    office.post(*sent, follow=True)
    answer = office.post(*sent, follow=True)
    assert told(answer) == [f"This was posted before, as ledger transaction {adjustments().get().pk}."]
    assert desk.balance("alice", "BTC") == ("1.5", "0") and len(history_of(alice)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_post_once(desk, admin, alice):
    def click():
        return adjust(alice, "BTC", Decimal("0.5"), "lost", "one-form", admin)

    results = at_once(click, click, click)
    assert sorted(is_new for _, is_new in results) == [False, False, True]
    assert len({posted.pk for posted, _ in results}) == 1
    assert desk.balance("alice", "BTC") == ("1.5", "0")


def test_each_filling_in_of_the_form_has_a_reference_of_its_own(office, alice):
    seen = {
        office.get(page("accounts_user_adjust", alice.pk)).context["form"]["reference"].value()
        for _ in range(2)
    }
    assert len(seen) == 2


def test_looking_at_the_form_changes_nothing(office, desk, alice):
    address, form = fill_in(alice, "0.5")
    shown = text_of(office.get(address, form))
    assert "BTC: 1 available, 0 held" in shown
    assert desk.balance("alice", "BTC") == ("1", "0") and not adjustments().exists()


def test_it_takes_a_permission_of_its_own(clerk, desk, alice):
    browser = clerk("accounts.view_user", "accounts.change_user")
    address, form = fill_in(alice, "0.5")
    assert "Adjust a balance" not in text_of(browser.get(page("accounts_user_change", alice.pk)))
    assert browser.get(address).status_code == 403
    assert browser.post(address, form).status_code == 403
    assert not adjustments().exists()


def test_a_clerk_with_that_permission_adjusts(clerk, desk, alice):
    browser = clerk("accounts.view_user", "accounts.add_ledgertransaction")
    assert "Adjust a balance" in text_of(browser.get(page("accounts_user_change", alice.pk)))
    browser.post(*fill_in(alice, "0.5"))
    assert adjustments().get().actor.username == "clerk"


def test_a_user_without_a_ledger_account_gets_one(office, desk):
    zoe = User.objects.create(username="zoe")
    assert "none yet" in text_of(office.get(page("accounts_user_change", zoe.pk)))
    office.post(*fill_in(zoe, "2"))
    assert zoe.account.balances.get().available == 2


def test_nobody_cannot_be_adjusted(office, db):
    assert office.get(page("accounts_user_adjust", 999)).status_code == 404
    assert office.post(page("accounts_user_adjust", 999), {}).status_code == 404
