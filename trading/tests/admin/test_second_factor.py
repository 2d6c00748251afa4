"""Staff see that somebody has a second factor, and remove one that was lost."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import APIKey, Authenticator
from accounts.services import confirm_second_factor, create_api_key, enrol_second_factor
from accounts.tests.authenticator import App
from trading.tests.admin.office import PASSWORD, browser_of, hire, history_of, page, text_of, told


def enrol(user):
    seed = enrol_second_factor(user, PASSWORD, "127.0.0.1")
    confirm_second_factor(user, App(seed.secret).code())


@pytest.fixture
def dora(db, settings):
    """Has a second factor, and a key that may withdraw."""
    settings.RATE_LIMIT_ENABLED = settings.RATELIMIT_ENABLE = False
    user = hire("dora")
    type(user).objects.filter(pk=user.pk).update(is_staff=False)
    user.refresh_from_db()
    enrol(user)
    create_api_key(user, "bot", ["withdraw"])
    return user


def address_of(user):
    return page("accounts_user_remove_second_factor", user.pk)


def test_the_users_page_tells(office, dora, alice):
    text = text_of(office.get(page("accounts_user_change", dora.pk)))
    assert "10 recovery codes left" in text and address_of(dora) in text
    assert address_of(alice) not in text_of(office.get(page("accounts_user_change", alice.pk)))


def test_a_lost_one_is_removed_with_a_reason(office, dora):
    assert "make sure who asks" in text_of(office.get(address_of(dora)))
    without = office.post(address_of(dora), {"reason": " "})
    assert without.context["form"].errors and Authenticator.objects.exists()
    answer = office.post(address_of(dora), {"reason": "lost phone, identity checked"}, follow=True)
    assert "dora signs in with the password alone now." in told(answer)
    assert history_of(dora) == [("admin", "Second factor removed: lost phone, identity checked")]
    assert (
        not Authenticator.objects.exists() and not APIKey.objects.filter(user=dora, revoked_at=None).exists()
    )
    assert Client().login(username="dora", password=PASSWORD)
    again = office.post(address_of(dora), {"reason": "again"}, follow=True)
    assert "No second factor is set up." in told(again) and len(history_of(dora)) == 1


def test_who_may_not_change_the_user_may_not_remove_it(dora):
    looker = browser_of(hire("looker", "accounts.view_user"))
    for answer in (looker.get(address_of(dora)), looker.post(address_of(dora), {"reason": "x"})):
        assert answer.status_code == 403
    assert "Remove second factor" not in text_of(looker.get(page("accounts_user_change", dora.pk)))
    assert Authenticator.objects.exists()


def test_a_clerk_does_not_remove_that_of_staff_and_nobody_their_own(office, admin, dora):
    clerk = browser_of(hire("clerk", "accounts.view_user", "accounts.change_user"))
    enrol(admin)
    assert clerk.post(address_of(admin), {"reason": "x"}).status_code == 403
    answer = office.post(address_of(admin), {"reason": "x"}, follow=True)
    assert "Your own takes your password and a code." in told(answer)
    assert Authenticator.objects.filter(user=admin).exists()
    assert clerk.post(address_of(dora), {"reason": "x"}).status_code == 302
    assert not Authenticator.objects.filter(user=dora).exists()


def test_the_only_administrator_who_lost_it_is_let_in_from_the_console(admin, dora):
    enrol(admin)
    call_command("remove_second_factor", "Admin", reason="lost phone")
    assert Client().login(username="admin", password=PASSWORD)
    [(by, message)] = history_of(admin)
    assert by == "(console)" and message.startswith("Second factor removed: lost phone (at the console")
    call_command("remove_second_factor", "dora", reason="lost phone", by="admin")
    assert history_of(dora) == [("admin", "Second factor removed: lost phone")]


@pytest.mark.parametrize(
    ("name", "options"),
    [("dora", {}), ("dora", {"reason": " "}), ("nobody", {"reason": "x"}), ("admin", {"reason": "x"})],
)
def test_the_console_needs_a_reason_a_name_and_something_to_remove(admin, dora, name, options):
    with pytest.raises(CommandError):
        call_command("remove_second_factor", name, **options)
    assert Authenticator.objects.filter(user=dora).exists()
