"""POST /api/v1/auth/register"""

import pytest
from rest_framework.test import APIClient

from accounts.models import Account, User
from accounts.tests.people import PASSWORD, at_once, sign_in

pytestmark = [pytest.mark.urls("accounts.tests.urls"), pytest.mark.django_db]
ADDRESS = "/api/v1/auth/register"
ALICE = {"username": "alice", "email": "alice@example.com", "password": PASSWORD}


def register(client, **changed):
    return client.post(ADDRESS, {key: value for key, value in (ALICE | changed).items() if value is not ...})


def test_alice_registers_and_can_sign_in(client):
    answer = register(client)
    assert answer.status_code == 201
    alice = User.objects.get()
    assert answer.json() == {
        "id": alice.pk,
        "username": "alice",
        "email": "alice@example.com",
        "tier": "beginner",
        "verification_level": 0,
        "created_at": int(alice.date_joined.timestamp() * 1000),
    }
    assert Account.objects.get(user=alice).kind == "user"
    assert sign_in("alice").status_code == 200


def test_the_password_is_kept_as_an_argon2_hash(client):
    register(client)
    assert User.objects.get().password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "alice"),
        ("username", "ALICE"),
        ("email", "alice@example.com"),
        ("email", "Alice@EXAMPLE.com"),
    ],
)
def test_a_taken_name_or_address_is_named(client, alice, field, value):
    bob = {"username": "bob", "email": "bob@example.com"}
    answer = register(client, **(bob | {field: value}))
    assert answer.status_code == 409
    assert answer.json()["code"] == "CONFLICT" and set(answer.json()["details"]) == {field}
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (
            "username",
            [
                ..., "", "al", "a" * 31, "al ice", " alice", "alice\n", "älice", "аlice", "a/b", "a@b", "<b>",
                None, 5, True, ["alice"], {"a": 1}, "alice\0", "٣٣٣",
            ],
        ),
        (
            "email",
            [..., "", "alice", "alice@", "a b@example.com", "x" * 250 + "@example.com", 7, []],
        ),
        (
            "password",
            [..., "", "short-1", "password1", "1234567890", "alice-99", "x" * 129, None, 12345678, []],
        ),
    ],
)  # fmt: skip
def test_each_bad_field_is_named(client, field, values):
    for value in values:
        answer = register(client, **{field: value})
        body = answer.json()
        if isinstance(value, str) and "\0" in value:
            assert (answer.status_code, body["code"]) == (400, "BAD_REQUEST")
            continue
        assert (answer.status_code, body["code"], set(body["details"])) == (
            400,
            "VALIDATION_ERROR",
            {field},
        ), value
    assert not User.objects.exists()


def test_a_field_that_nobody_asked_for_is_refused(client):
    for extra in ({"is_staff": True}, {"tier": "advanced"}, {"id": 1}):
        answer = register(client, **extra)
        assert answer.status_code == 400 and set(answer.json()["details"]) == set(extra)
    assert not User.objects.exists()


def test_names_may_hold_dots_dashes_and_underscores(client):
    assert register(client, username="Al_i.c-3").status_code == 201


def test_a_password_may_be_long_and_in_any_script(client):
    password = " пароль с пробелами 密码 "
    assert register(client, password=password).status_code == 201
    assert sign_in("alice", password).status_code == 200
    assert sign_in("alice", password.strip()).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_of_two_who_want_the_same_name_at_once_one_gets_it():
    for round in range(4):
        name = f"trader-{round}"
        answers = at_once(
            *[
                lambda n=n, name=name: register(APIClient(), username=name, email=f"{name}-{n}@example.com")
                for n in range(3)
            ]
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert User.objects.count() == Account.objects.filter(kind="user").count() == 4


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_the_same_address_at_once_one_is_registered():
    answers = at_once(
        lambda: register(APIClient(), username="alice"), lambda: register(APIClient(), username="alice2")
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
