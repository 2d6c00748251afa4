"""GET and POST /api/v1/api-keys, DELETE /api/v1/api-keys/{id}"""

import pytest

from accounts.models import APIKey
from accounts.secrets import decrypt_secret, hash_key
from accounts.services.api_keys import MAX_KEYS
from accounts.tests.people import at_once, desk_of, desk_with, new_key
from common import clock

pytestmark = [pytest.mark.urls("accounts.tests.urls"), pytest.mark.django_db]
ADDRESS = "/api/v1/api-keys"
HOUR_MS = 3_600_000


def test_alice_makes_a_key_and_sees_its_secret_once(alices_desk):
    expires_at = clock.to_ms(clock.now()) + HOUR_MS
    asked = {
        "name": "bot",
        "scopes": ["trade", "read"],
        "allowed_addresses": ["10.0.0.0/8"],
        "expires_at": expires_at,
    }
    answer = alices_desk.post(ADDRESS, asked)
    assert answer.status_code == 201 and answer["Cache-Control"] == "no-store"
    made = answer.json()
    assert (made["name"], made["scopes"], made["expires_at"]) == ("bot", ["read", "trade"], expires_at)
    assert made["allowed_addresses"] == ["10.0.0.0/8"] and made["last_used_at"] is None
    assert len(made["key"]) >= 40 and len(made["secret"]) >= 60
    listed = alices_desk.get(ADDRESS).json()
    assert listed == {
        "results": [{name: value for name, value in made.items() if name not in ("key", "secret")}],
        "next_cursor": None,
    }


def test_neither_key_nor_secret_is_kept_in_the_clear(alices_desk):
    made = new_key(alices_desk)
    row = APIKey.objects.get()
    assert row.key_hash == hash_key(made["key"]) and made["key"].startswith(row.key_hint)
    stored = repr(APIKey.objects.values().get())
    assert made["key"] not in stored and made["secret"] not in stored
    assert decrypt_secret(row.secret_encrypted) == made["secret"]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("scopes", [..., [], ["all"], "read", ["read", 5], [None], None, {}, ["READ"], ["read"] * 4]),
        (
            "allowed_addresses",
            [
                "10.0.0.1", ["10.0.0.256"], ["10.0.0.1/8"], ["alice"], [5], [None], [""], ["::1%eth0"],
                ["10.0.0.0/33"], ["٣.0.0.1"], None, {}, ["10.0.0.1"] * 51, ["1" * 100],
            ],
        ),
        ("expires_at", [0, 1, -1, 10**30, "soon", 1.5, True, [], 253_402_300_800_000]),
        ("name", [None, 5, "x" * 65, [], {}]),
        ("user", [1]),
        ("key", ["my-own-key"]),
    ],
)  # fmt: skip
def test_each_bad_field_is_named(alices_desk, field, values):
    for value in values:
        asked = {"name": "bot", "scopes": ["read"], field: value}
        answer = alices_desk.post(ADDRESS, {name: given for name, given in asked.items() if given is not ...})
        body = answer.json()
        assert (answer.status_code, body["code"], set(body["details"])) == (
            400,
            "VALIDATION_ERROR",
            {field},
        ), value
    assert not APIKey.objects.exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["192.0.2.7", "192.0.2.7/32"], ["192.0.2.7"]),
        (["2001:DB8:0::/48", "::1"], ["2001:db8::/48", "::1"]),
        ([], []),
    ],
)
def test_addresses_are_kept_in_one_spelling(alices_desk, given, kept):
    assert new_key(alices_desk, allowed_addresses=given)["allowed_addresses"] == kept


def test_a_revoked_key_is_gone(alices_desk):
    made = new_key(alices_desk)
    answer = alices_desk.delete(f"{ADDRESS}/{made['id']}")
    assert answer.status_code == 204 and answer.content == b""
    assert alices_desk.get(ADDRESS).json()["results"] == []
    assert alices_desk.delete(f"{ADDRESS}/{made['id']}").status_code == 404


def test_keys_of_others_can_neither_be_seen_nor_revoked(alices_desk, bob):
    made = new_key(alices_desk)
    bobs_desk = desk_of("bob")
    assert bobs_desk.get(ADDRESS).json()["results"] == []
    answer = bobs_desk.delete(f"{ADDRESS}/{made['id']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert alices_desk.get(ADDRESS).json()["results"]


@pytest.mark.parametrize(
    "key_id", ["0", "-1", "abc", "9" * 19, "9" * 40, "9" * 5000, "1.0", "%00", "٣", "null"]
)
def test_a_key_that_cannot_exist_is_not_found(alices_desk, key_id):
    answer = alices_desk.delete(f"{ADDRESS}/{key_id}")
    assert answer.status_code == (400 if key_id == "%00" else 404)
    assert answer.json()["code"] in ("NOT_FOUND", "BAD_REQUEST")


def test_a_user_has_only_so_many_keys(alices_desk):
    made = [new_key(alices_desk) for _ in range(MAX_KEYS)]
    answer = alices_desk.post(ADDRESS, {"scopes": ["read"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    alices_desk.delete(f"{ADDRESS}/{made[0]['id']}")
    new_key(alices_desk)


@pytest.mark.django_db(transaction=True)
def test_the_last_free_place_is_given_once(alices_desk, alice):
    for _ in range(MAX_KEYS - 1):
        new_key(alices_desk)
    token = alices_desk._credentials["HTTP_AUTHORIZATION"].split()[1]
    answers = at_once(*[lambda: desk_with(token).post(ADDRESS, {"scopes": ["read"]})] * 4)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


def test_the_list_is_read_page_by_page_newest_first(alices_desk):
    made = [new_key(alices_desk)["id"] for _ in range(5)]
    seen, address = [], f"{ADDRESS}?limit=2"
    while address:
        page = alices_desk.get(address).json()
        seen.append([key["id"] for key in page["results"]])
        address = page["next_cursor"] and f"{ADDRESS}?limit=2&cursor={page['next_cursor']}"
    assert seen == [made[:2:-1], made[2:0:-1], made[:1]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=abc", "limit"), ("limit=-1", "limit"), ("limit=0", "limit"), ("limit=1001", "limit"),
        ("limit=99999999999", "limit"), ("limit=" + "9" * 5000, "limit"), ("limit=", "limit"),
        ("cursor=abc", "cursor"), ("cursor=-1", "cursor"), ("cursor=9223372036854775808", "cursor"),
        ("cursor=", "cursor"), ("cursor=" + "9" * 5000, "cursor"), ("cursor=%FF%FE", "cursor"),
    ],
)  # fmt: skip
def test_a_bad_page_is_refused_by_its_name(alices_desk, query, field):
    answer = alices_desk.get(f"{ADDRESS}?{query}")
    assert answer.status_code == 400 and set(answer.json()["details"]) == {field}
