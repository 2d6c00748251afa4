"""Suspending people in the admin, and letting them back in."""

from django.test import Client

from accounts.models import User
from accounts.services import create_api_key, issue_tokens
from common.errors import ErrorCode, Refused
from trading.admin import suspension
from trading.matching_service.publish import account_group, publisher
from trading.tests.admin.office import browser_of, hire, history_of, page, refused, text_of, told
from trading.tests.pit import ladder


def api_answer(access):
    return Client().get("/api/v1/orders", headers={"authorization": f"Bearer {access}"})


def reload(*users):
    return [User.objects.get(pk=user.pk) for user in users]


def test_the_users_next_request_is_refused(office, alice):
    access = issue_tokens(alice).access
    assert api_answer(access).status_code == 200
    answer = office.post(page("accounts_user_suspend", id=alice.pk), {"reason": "wash trading"}, follow=True)
    assert told(answer) == ["Suspended: alice."]
    assert "wash trading" in text_of(answer)
    refused = api_answer(access)
    assert (refused.status_code, refused.json()["code"]) == (403, "ACCOUNT_SUSPENDED")


def test_open_sockets_are_told_to_close(office, desk, alice, monkeypatch):
    sent = []
    monkeypatch.setattr(publisher, "tell", lambda group, message: sent.append((group, message)))
    office.post(page("accounts_user_suspend", id=alice.pk), {"reason": "wash trading"})
    assert sent == [(account_group(desk.accounts["alice"]), {"type": "account.suspended"})]


def test_the_history_has_who_and_why(office, alice):
    office.post(page("accounts_user_suspend", id=alice.pk), {"reason": " wash trading "})
    office.post(page("accounts_user_resume", id=alice.pk), {"reason": "it was her brother"})
    assert history_of(alice) == [
        ("admin", "Suspended: wash trading"),
        ("admin", "Suspension lifted: it was her brother"),
    ]
    shown = text_of(office.get(page("accounts_user_change", alice.pk)))
    assert "it was her brother" in shown and "Active" in shown


def test_looking_at_the_page_changes_nothing(office, alice):
    shown = text_of(office.get(page("accounts_user_suspend", id=alice.pk)))
    assert "Suspend alice" in shown
    office.get(page("accounts_user_suspend", id=alice.pk, reason="x"))
    [alice] = reload(alice)
    assert not alice.is_suspended and history_of(alice) == []


def test_without_a_reason_nobody_is_suspended(office, alice):
    for reason in ("", "   ", "x" * 201, "a\0b"):
        answer = office.post(page("accounts_user_suspend", id=alice.pk), {"reason": reason})
        assert refused(answer)
    assert not reload(alice)[0].is_suspended


def test_open_orders_stay_unless_the_box_is_ticked(office, desk, alice, bob):
    for name in ("alice", "bob"):
        desk.buys(name, "0.1", at="60000")
    office.post(page("accounts_user_suspend", id=alice.pk), {"reason": "a"}, follow=True)
    assert desk.book() == ladder("buy 60000 | alice 0.1, bob 0.1")
    answer = office.post(
        page("accounts_user_suspend", id=bob.pk), {"reason": "b", "cancel_orders": "on"}, follow=True
    )
    assert told(answer) == ["Suspended: bob (1 orders cancelled)."]
    assert desk.book() == ladder("buy 60000 | alice 0.1")
    assert desk.balance("bob", "USDT") == ("100000", "0")


def test_several_are_suspended_and_resumed_from_the_list(office, alice, bob):
    chosen = {"action": "suspend_selected", "_selected_action": [alice.pk, bob.pk], "index": 0}
    asked = office.post(page("accounts_user_changelist"), chosen)
    assert not any(user.is_suspended for user in reload(alice, bob)), "the action only asks"
    assert "Suspend 2 users" in text_of(office.get(asked["Location"]))
    office.post(asked["Location"], {"reason": "a ring"})
    assert [user.suspended_reason for user in reload(alice, bob)] == ["a ring", "a ring"]
    asked = office.post(page("accounts_user_changelist"), chosen | {"action": "resume_selected"})
    office.post(asked["Location"], {"reason": "cleared"})
    assert not any(user.is_suspended for user in reload(alice, bob))


def test_one_who_cannot_be_suspended_does_not_keep_the_others_from_it(office, admin, alice, bob):
    office.post(page("accounts_user_suspend", id=alice.pk), {"reason": "first"}, follow=True)
    answer = office.post(
        f"{page('accounts_user_suspend')}?id={admin.pk}&id={alice.pk}&id={bob.pk}",
        {"reason": "second"},
        follow=True,
    )
    assert sorted(told(answer)) == [
        "Suspended: bob.",
        "admin was not suspended. Nobody can suspend themselves.",
        "alice is suspended already: first",
    ]
    assert [user.suspended_reason for user in reload(admin, alice, bob)] == ["", "first", "second"]


def test_resuming_who_is_not_suspended_changes_nothing(office, alice):
    answer = office.post(page("accounts_user_resume", id=alice.pk), {"reason": "x"}, follow=True)
    assert told(answer) == ["alice is not suspended."]
    assert history_of(alice) == []


def test_when_the_orders_cannot_be_cancelled_the_page_says_that_the_user_is_suspended_all_the_same(
    office, alice, monkeypatch
):
    original = suspension.suspend_user

    def fails_late(user, reason, by, *, cancel_orders):
        original(user, reason, by)
        raise Refused(ErrorCode.UNAVAILABLE, "The market is busy; try again.")

    monkeypatch.setattr(suspension, "suspend_user", fails_late)
    answer = office.post(
        page("accounts_user_suspend", id=alice.pk), {"reason": "x", "cancel_orders": "on"}, follow=True
    )
    assert (
        "alice is suspended, but not every open order was cancelled. The market is busy; try again."
        in told(answer)
    )
    assert reload(alice)[0].is_suspended


def test_a_clerk_who_may_change_users_suspends_customers_but_not_staff(clerk, admin, alice):
    browser = clerk("accounts.view_user", "accounts.change_user")
    boss = page("accounts_user_suspend", id=admin.pk)
    assert browser.get(boss).status_code == 403
    assert browser.post(boss, {"reason": "coup"}).status_code == 403
    both = f"{page('accounts_user_suspend')}?id={alice.pk}&id={admin.pk}"
    assert browser.post(both, {"reason": "coup"}).status_code == 403
    assert not any(user.is_suspended for user in reload(admin, alice))
    browser.post(page("accounts_user_suspend", id=alice.pk), {"reason": "wash trading"})
    assert reload(alice)[0].is_suspended


def test_addresses_that_name_nobody_are_not_found(office, db):
    for query in ("", "?id=", "?id=abc", "?id=0", "?id=-1", "?id=99999999999999999999", "?id=١"):
        assert office.get(page("accounts_user_suspend") + query).status_code == 404, query
    many = "&".join(f"id={number}" for number in range(201))
    assert office.get(f"{page('accounts_user_suspend')}?{many}").status_code == 404


def test_a_key_is_revoked_with_a_reason_and_never_shown(office, alice, bob):
    row, key, secret = create_api_key(alice, "bot", ["read"])
    shown = text_of(office.get(page("accounts_user_change", alice.pk)))
    assert row.key_hint in shown and key not in shown and secret not in shown and row.key_hash not in shown
    address = page("accounts_user_revoke_key", alice.pk, row.pk)
    assert office.get(page("accounts_user_revoke_key", bob.pk, row.pk)).status_code == 404
    assert "Revoke an API key of alice" in text_of(office.get(address))
    assert refused(office.post(address, {"reason": ""}))
    row.refresh_from_db()
    assert row.revoked_at is None
    office.post(address, {"reason": "leaked"}, follow=True)
    row.refresh_from_db()
    assert row.revoked_at is not None
    assert history_of(alice) == [("admin", f"API key {row.key_hint}… revoked: leaked")]
    assert told(office.post(address, {"reason": "again"}, follow=True)) == ["This key was revoked already."]


def test_staff_keys_are_revoked_by_superusers_only(clerk, admin):
    row, _, _ = create_api_key(admin, "bot", ["read"])
    browser = clerk("accounts.view_user", "accounts.change_user")
    assert (
        browser.post(page("accounts_user_revoke_key", admin.pk, row.pk), {"reason": "x"}).status_code == 403
    )


def test_a_superuser_suspends_staff(office, alice):
    clerk = hire("clerk")
    browser = browser_of(clerk)
    office.post(page("accounts_user_suspend", id=clerk.pk), {"reason": "left"})
    assert browser.get("/admin/").status_code == 302
