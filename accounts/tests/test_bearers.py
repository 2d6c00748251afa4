"""Who bears a token, as the fast lanes ask it: nothing but a plain yes is a yes, and never a moment too late."""

from datetime import timedelta

import pytest
from django.db import connection
from rest_framework_simplejwt.tokens import RefreshToken

from accounts.models import APIKey, Session, User
from accounts.services import (
    bearers,
    create_api_key,
    end_session,
    find_bearer,
    issue_tokens,
    resume_user,
    suspend_user,
)
from common import clock
from common.pipelined import Pipeline

pytestmark = pytest.mark.django_db


@pytest.fixture
def access(alice):
    return issue_tokens(alice).access


@pytest.fixture
def key_access(alice):
    key, _, _ = create_api_key(alice, "bot", ["trade"])
    APIKey.objects.update(last_used_at=clock.now())
    return issue_tokens(alice, key).access


def test_a_person(alice, access):
    bearer = find_bearer(access)
    assert (bearer.user_id, bearer.account_id, bearer.tier) == (alice.pk, alice.account.pk, alice.tier)
    assert (bearer.key_id, bearer.scopes) == (None, {"read", "trade"})


def test_a_key_may_do_what_it_may_do_now(alice, key_access):
    assert find_bearer(key_access).scopes == {"trade"}
    APIKey.objects.update(scopes=["read"])
    assert find_bearer(key_access).scopes == {"read"}


def test_a_suspension_counts_at_once_and_what_it_ended_stays_ended(alice, admin, access):
    assert find_bearer(access)
    suspend_user(alice, "wash trading", by=admin)
    assert find_bearer(access) is None
    resume_user(alice, by=admin)
    assert find_bearer(access) is None
    assert find_bearer(issue_tokens(alice).access)


def test_a_session_that_was_ended_counts_at_once(alice, access, key_access):
    other = issue_tokens(alice).access
    known = {bearers.remembered_bearer(text) for text in (access, other, key_access)}
    assert len(known) == 3 and who_stands(known) == known
    end_session(alice, bearers.remembered_bearer(access).session_id)
    assert find_bearer(access) is None
    assert who_stands(known) == known - {bearers.remembered_bearer(access)}
    assert find_bearer(other) and find_bearer(key_access)


def test_a_session_of_somebody_else_is_none(alice, bob, access):
    Session.objects.update(user=bob)
    assert find_bearer(access) is None


def test_a_session_whose_use_is_to_be_noted_again_is_no_plain_yes(access):
    assert find_bearer(access)
    Session.objects.update(last_used_at=clock.now() - timedelta(minutes=1))
    assert find_bearer(access) is None


def test_a_token_from_before_there_were_sessions_is_nobodys(alice):
    refresh = RefreshToken()
    refresh["user_id"] = str(alice.pk)
    assert find_bearer(str(refresh.access_token)) is None


def test_who_bears_a_token_is_asked_in_one_statement(access, django_assert_num_queries):
    assert find_bearer(access)
    with pytest.MonkeyPatch.context() as patch:
        asked = []
        patch.setattr(
            bearers.Pipeline, "add", lambda *args, add=bearers.Pipeline.add: asked.append(1) or add(*args)
        )
        with django_assert_num_queries(0):  # but what goes through the pipeline
            assert find_bearer(access)
    assert asked == [1]


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "another"}])
def test_a_change_of_the_user_counts_at_once(alice, access, change):
    assert find_bearer(access)
    User.objects.filter(pk=alice.pk).update(**change)
    assert find_bearer(access) is None


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": clock.now()},
        {"expires_at": clock.now()},
        {"allowed_addresses": ["127.0.0.1"]},
        {"last_used_at": clock.now() - timedelta(minutes=2)},
        {"last_used_at": None},
    ],
)
def test_a_key_that_takes_a_closer_look_is_no_plain_yes(key_access, change):
    assert find_bearer(key_access)
    APIKey.objects.update(**change)
    assert find_bearer(key_access) is None


def test_a_key_that_is_gone_or_anothers_is_none(bob, key_access):
    assert find_bearer(key_access)
    APIKey.objects.update(user=bob)
    assert find_bearer(key_access) is None
    APIKey.objects.all().delete()
    assert find_bearer(key_access) is None


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "ä", "\0"])
def test_what_is_no_token_is_nobodys(alice, access, text):
    assert find_bearer(text) is None


def test_a_token_whose_signature_is_wrong_is_nobodys(access):
    assert find_bearer(access)
    head, body, signature = access.split(".")
    assert find_bearer(f"{head}.{body}.{signature[:-4]}AAAA") is None


def test_a_token_ends_with_its_time_though_it_was_seen_before(access, monkeypatch):
    assert find_bearer(access)
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(bearers, "aware_utcnow", lambda: later)
    assert find_bearer(access) is None


def test_only_so_many_tokens_are_remembered(alice, monkeypatch):
    monkeypatch.setattr(bearers, "MOST_REMEMBERED", 3)
    for _ in range(5):
        assert find_bearer(issue_tokens(alice).access)
        assert len(bearers._verified) <= 3


def test_who_is_remembered_is_found_standing_or_not(alice, bob, access, key_access):
    known = {bearers.remembered_bearer(text) for text in (access, key_access, issue_tokens(bob).access)}
    assert None not in known and who_stands(known) == known
    User.objects.filter(pk=bob.pk).update(tier="advanced")
    APIKey.objects.update(revoked_at=clock.now())
    assert who_stands(known) & known == {bearers.remembered_bearer(access)}


def test_who_is_remembered_is_asked_for_once_until_forgotten(alice, access, monkeypatch):
    known = bearers.remembered_bearer(access)
    User.objects.filter(pk=alice.pk).update(tier="advanced")
    assert bearers.remembered_bearer(access) == known
    bearers.forget_bearer(access)
    assert bearers.remembered_bearer(access).tier == "advanced"
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(bearers, "aware_utcnow", lambda: later)
    assert bearers.remembered_bearer(access) is None


def who_stands(known):
    pipeline = Pipeline(connection.connection)
    answer = bearers.find_standing(pipeline, known)
    pipeline.run()
    return bearers.standing(answer.rows)
