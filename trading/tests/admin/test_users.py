"""People in the admin: found, edited with a reason, added, never deleted."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import create_api_key
from trading.admin.users import PersonAdmin
from trading.tests.admin.office import PASSWORD, browser_of, hire, history_of, listed, page, text_of


def found(office, **query):
    return sorted(user.username for user in listed(office.get(page("accounts_user_changelist", **query))))


def form_of(user, **edits):
    """What the browser sends for the user's page."""
    fields = ("username", "email", "first_name", "last_name", "tier", "verification_level")
    return {name: getattr(user, name) for name in fields} | {"reason": ""} | edits


def test_people_are_found_by_name_address_and_id(office, alice, bob):
    User.objects.filter(pk=alice.pk).update(email="liddell@example.com", first_name="Pleasance")
    assert found(office, q="ali") == ["alice"]
    assert found(office, q="LIDDELL@example.com") == ["alice"]
    assert found(office, q="pleasance") == ["alice"]
    assert found(office, q=str(bob.pk)) == ["bob"]
    assert found(office, q="nobody") == []
    assert office.get(page("accounts_user_changelist", q="a\0b")).status_code in (200, 400)


def test_people_are_filtered_by_tier_suspension_and_rights(office, alice, bob):
    User.objects.filter(pk=alice.pk).update(tier="advanced")
    office.post(page("accounts_user_suspend", id=bob.pk), {"reason": "x"})
    assert found(office, tier__exact="advanced") == ["alice"]
    assert found(office, suspended="yes") == ["bob"]
    assert found(office, suspended="no") == ["admin", "alice", "carol"]
    assert found(office, is_staff__exact=1) == ["admin"]


def test_a_users_page_shows_money_orders_trades_postings_and_keys(office, desk, alice):
    desk.sells("bob", "0.1", at="60000")
    desk.buys("alice", "0.1", at="60000")
    desk.buys("alice", "0.1", at="50000")
    row, _, _ = create_api_key(alice, "my bot", ["read", "trade"])
    answer = office.get(page("accounts_user_change", alice.pk))
    panels = {panel.title: panel.rows for panel in answer.context["beside"] + answer.context["below"]}
    assert panels["Balances"] == [
        ["BTC", "1.0998", "0", "1.0998"],
        ["ETH", "20", "0", "20"],
        ["USDT", "89000", "5000", "94000"],
    ]
    assert [cells[1:6] for cells in panels["Newest open orders"]] == [
        ["BTC-USDT", '<span class="side-buy">buy</span>', "50000", "0.1", "0"]
    ]
    assert [cells[3:7] for cells in panels["Newest trades"]] == [["taker", "60000", "0.1", "0.0002 BTC"]]
    assert [cells[1:3] for cells in panels["Newest postings"]][:2] == [["BTC", "0.0998"], ["USDT", "-6000"]]
    assert [cells[:3] for cells in panels["API keys"]] == [[f"{row.key_hint}…", "my bot", "read, trade"]]
    assert 'name="available"' not in text_of(answer)


def test_a_clerk_sees_only_the_panels_they_have_the_permission_for(clerk, alice):
    browser = clerk("accounts.view_user", "accounts.view_balance")
    answer = browser.get(page("accounts_user_change", alice.pk))
    titles = [panel.title for panel in answer.context["beside"] + answer.context["below"]]
    assert titles == ["Balances", "API keys", "History"]


def test_tier_and_verification_are_set_with_a_reason(office, alice):
    edits = {"tier": "advanced", "verification_level": 2, "reason": "passport seen"}
    assert office.post(page("accounts_user_change", alice.pk), form_of(alice, **edits)).status_code == 302
    alice.refresh_from_db()
    assert (alice.tier, alice.verification_level) == ("advanced", 2)
    assert history_of(alice) == [
        (
            "admin",
            "Tier from Beginner to Advanced; Verification level from not verified to identity verified: "
            "passport seen",
        )
    ]


@pytest.mark.parametrize(
    "edits",
    [
        {"tier": "advanced"},
        {"tier": "advanced", "reason": "  "},
        {"tier": "emperor", "reason": "x"},
        {"verification_level": 9, "reason": "x"},
        {"username": "", "reason": "x"},
        {"username": "BOB", "reason": "x"},
        {"email": "not an address", "reason": "x"},
    ],
)
def test_a_change_without_a_reason_or_with_a_wrong_value_is_refused(office, alice, edits):
    answer = office.post(page("accounts_user_change", alice.pk), form_of(alice, **edits))
    assert "Please correct" in text_of(answer)
    alice.refresh_from_db()
    assert (alice.tier, alice.verification_level, alice.username) == ("beginner", 0, "alice")
    assert history_of(alice) == []


def test_an_edit_leaves_alone_what_others_changed_meanwhile(office, alice, monkeypatch):
    """The clerk's page was loaded before the suspension and is saved after it."""
    stale = User.objects.get(pk=alice.pk)
    office.post(page("accounts_user_suspend", id=alice.pk), {"reason": "wash trading"})
    monkeypatch.setattr(PersonAdmin, "get_object", lambda *args, **kwargs: stale)
    edits = {"tier": "advanced", "reason": "x"}
    assert office.post(page("accounts_user_change", alice.pk), form_of(alice, **edits)).status_code == 302
    alice.refresh_from_db()
    assert alice.tier == "advanced" and alice.is_suspended


def test_fields_that_are_not_on_the_page_cannot_be_sent(office, alice):
    edits = {
        "tier": "advanced",
        "reason": "x",
        "suspended_at": "2026-01-01",
        "is_active": "",
        "password": "x",
        "available": "1000",
    }
    before = alice.password
    office.post(page("accounts_user_change", alice.pk), form_of(alice, **edits))
    alice.refresh_from_db()
    assert (alice.is_active, alice.suspended_at, alice.password) == (True, None, before)


def new_user(**edits):
    return {
        "username": "zoe",
        "email": "zoe@example.com",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    } | edits


def test_an_added_user_can_trade_at_once(office, db):
    assert office.post(page("accounts_user_add"), new_user()).status_code == 302
    zoe = User.objects.get(username="zoe")
    assert zoe.account.kind == "user"
    signed_in = Client().post(
        "/api/v1/auth/token", {"username": "zoe", "password": PASSWORD}, content_type="application/json"
    )
    assert signed_in.status_code == 200


@pytest.mark.parametrize(
    ("edits", "sentence"),
    [
        ({"username": "ALICE"}, "This user name is already taken."),
        ({"email": "ADMIN@example.com"}, "This e-mail address is already registered."),
        ({"email": ""}, "This field is required."),
        ({"password1": "12345678", "password2": "12345678"}, "entirely numeric"),
        ({"password2": "another"}, "match"),
    ],
)
def test_a_user_is_not_added_with(office, alice, edits, sentence):
    answer = office.post(page("accounts_user_add"), new_user(**edits))
    assert sentence in text_of(answer)
    assert not User.objects.filter(username="zoe").exists()


def test_a_new_password_ends_the_old_one(office, alice):
    sent = {"usable_password": "true", "password1": "another-tulip-42", "password2": "another-tulip-42"}
    address = f"/admin/accounts/user/{alice.pk}/password/"
    assert office.get(address).status_code == 200
    assert office.post(address, sent).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("another-tulip-42")
    assert history_of(alice) == [("admin", "Changed password.")]


def test_nobody_is_deleted(office, alice):
    address = page("accounts_user_delete", alice.pk)
    assert office.get(address).status_code == 403
    assert office.post(address, {"post": "yes"}).status_code == 403
    sweep = {"action": "delete_selected", "_selected_action": [alice.pk], "post": "yes", "index": 0}
    office.post(page("accounts_user_changelist"), sweep)
    assert User.objects.filter(pk=alice.pk).exists()


def test_a_clerk_cannot_raise_anyone_to_staff(clerk, alice):
    browser = clerk("accounts.view_user", "accounts.change_user")
    edits = {"is_staff": "on", "is_superuser": "on", "tier": "advanced", "reason": "x"}
    assert browser.post(page("accounts_user_change", alice.pk), form_of(alice, **edits)).status_code == 302
    alice.refresh_from_db()
    assert (alice.tier, alice.is_staff, alice.is_superuser) == ("advanced", False, False)


def test_a_clerk_changes_neither_staff_nor_their_passwords(clerk, admin):
    browser = clerk("accounts.view_user", "accounts.change_user")
    me = User.objects.get(username="clerk")
    for user in (admin, me):
        address = page("accounts_user_change", user.pk)
        assert "Reason for the change" not in text_of(browser.get(address))
        assert browser.post(address, form_of(user, tier="advanced", reason="x")).status_code == 403
        assert browser.get(f"/admin/accounts/user/{user.pk}/password/").status_code == 403
        sent = {"usable_password": "true", "password1": "another-tulip-42", "password2": "another-tulip-42"}
        assert browser.post(f"/admin/accounts/user/{user.pk}/password/", sent).status_code == 403


def test_a_superuser_gives_rights(office, admin):
    clerk = hire("clerk")
    edits = {"is_staff": "on", "is_superuser": "on", "reason": "promoted"}
    office.post(page("accounts_user_change", clerk.pk), form_of(clerk, **edits))
    clerk.refresh_from_db()
    assert clerk.is_superuser
    assert history_of(clerk) == [("admin", "Superuser status from False to True: promoted")]
    assert browser_of(clerk).get(page("trading_order_changelist")).status_code == 200


def test_the_whole_history_of_the_staff_is_listed(office, alice):
    office.post(page("accounts_user_suspend", id=alice.pk), {"reason": "wash trading"})
    address = page("admin_logentry_changelist")
    assert "Suspended: wash trading" in text_of(office.get(address))
    assert len(listed(office.get(page("admin_logentry_changelist", q="wash")))) == 1
    entry = listed(office.get(address))[0]
    assert office.post(page("admin_logentry_change", entry.pk), {"change_message": "x"}).status_code == 403
    assert office.post(page("admin_logentry_delete", entry.pk), {"post": "yes"}).status_code == 403


def test_a_user_without_an_account_or_a_name_that_is_markup_has_a_page(office, db):
    odd = User.objects.create(username="<b>zoe</b>")
    shown = text_of(office.get(page("accounts_user_change", odd.pk)))
    assert "<b>zoe</b>" not in shown and "&lt;b&gt;zoe" in shown
    shown = text_of(office.get(page("accounts_user_suspend", id=odd.pk)))
    assert "<b>zoe</b>" not in shown
