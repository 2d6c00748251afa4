"""Requests that are signed with an API key."""

import base64
import json
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import override_settings

from accounts import tasks
from accounts.models import APIKey, SpentSignature
from accounts.services import forget_spent_signatures, suspend_user
from accounts.services.api_keys import create_api_key
from accounts.tests.people import desk_of, desk_with, new_key, sign_in
from accounts.tests.signer import Signer, SigningClient, new_private_key
from common import clock

pytestmark = [pytest.mark.urls("accounts.tests.urls"), pytest.mark.django_db]
KEYS = "/api/v1/api-keys"


def now_ms():
    return clock.to_ms(clock.now())


def code(answer):
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def secret_signer(alices_desk):
    made = new_key(alices_desk)
    return Signer(made["key"], made["secret"])


@pytest.fixture
def key_pair_signer(alices_desk):
    private, public = new_private_key()
    made = new_key(alices_desk, public_key=public)
    assert made["secret"] is None and made["public_key"] == public
    return Signer(made["key"], private_key=private)


@pytest.fixture(params=["secret_signer", "key_pair_signer"])
def signer(request):
    return request.getfixturevalue(request.param)


# ---- what is accepted ----


def test_a_signed_request_is_its_users(signer):
    answer = SigningClient(signer).get(KEYS)
    assert answer.status_code == 200
    assert [key["key_hint"] for key in answer.json()["results"]] == [signer.key[:8]]


def test_query_and_body_are_signed_too(signer, alice):
    bot = SigningClient(signer)
    assert bot.get(KEYS, {"limit": 1}).status_code == 200
    assert code(bot.post(KEYS, {"scopes": ["read"]})) == (
        403,
        "PERMISSION_DENIED",
    )  # signed in, but no person


def test_the_receive_window_can_be_chosen(signer):
    sent = {"timestamp": now_ms() - 50_000}
    assert SigningClient(signer, sent | {"window": 60_000}).get(KEYS).status_code == 200
    assert code(SigningClient(signer, sent).get(KEYS)) == (401, "TIMESTAMP_OUT_OF_WINDOW")


def test_a_clock_that_is_a_little_ahead_does_no_harm(signer):
    assert SigningClient(signer, {"timestamp": now_ms() + 900}).get(KEYS).status_code == 200


def test_a_public_key_may_be_given_as_pem(alices_desk):
    private, public = new_private_key()
    raw = base64.b64decode(public)
    # The prefix of every Ed25519 key in DER, RFC 8410.
    der = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + raw).decode()
    made = new_key(alices_desk, public_key=f"-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n")
    assert made["public_key"] == public
    assert SigningClient(Signer(made["key"], private_key=private)).get(KEYS).status_code == 200


# ---- what was changed on the way ----


@pytest.mark.parametrize(
    "changed",
    [
        {"REQUEST_METHOD": "DELETE"},
        {"PATH_INFO": KEYS + "/1"},
        {"QUERY_STRING": "limit=2"},
        {"QUERY_STRING": "limit=1&"},
        {"QUERY_STRING": "%6Cimit=1"},
        {"QUERY_STRING": ""},
        {"body": b'{"scopes": ["trade"]}'},
        {"body": b'{"scopes":["read"]}'},
        {"body": b""},
        {"HTTP_X_TIMESTAMP": "1"},
        {"HTTP_X_RECV_WINDOW": "6000"},
        {"HTTP_X_RECV_WINDOW": "60000"},
        {"HTTP_X_SIGNATURE": "00" * 32},
        {"HTTP_X_SIGNATURE": base64.b64encode(bytes(64)).decode()},
        {"HTTP_X_API_KEY": "another"},
    ],
    ids=str,
)
def test_whatever_is_changed_breaks_the_signature(signer, changed):
    if changed == {"HTTP_X_TIMESTAMP": "1"}:
        changed = {"HTTP_X_TIMESTAMP": str(now_ms() - 1)}
    bot = SigningClient(signer, changed=changed)
    answer = bot.generic("POST", KEYS + "?limit=1", json.dumps({"scopes": ["read"]}), "application/json")
    assert code(answer) == (401, "INVALID_SIGNATURE")
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert not SpentSignature.objects.exists()


def test_query_and_path_cannot_be_moved_into_one_another(signer):
    bot = SigningClient(signer, changed={"PATH_INFO": KEYS + "\nlimit=1", "QUERY_STRING": ""})
    assert code(bot.get(KEYS, {"limit": 1}))[1] in ("INVALID_SIGNATURE", "NOT_FOUND")
    bot = SigningClient(signer, changed={"PATH_INFO": KEYS, "QUERY_STRING": "limit=1\n"})
    assert code(bot.get(KEYS + "%0Alimit=1")) == (401, "INVALID_SIGNATURE")


def test_a_signature_of_another_key_does_not_fit(signer, bob):
    other = new_key(desk_of("bob"))
    for crossed in (
        Signer(other["key"], signer.secret, signer.private_key),
        Signer(signer.key, other["secret"]),
    ):
        assert code(SigningClient(crossed).get(KEYS)) == (401, "INVALID_SIGNATURE")


def test_an_unknown_key_and_a_wrong_signature_look_the_same(signer):
    unknown = SigningClient(Signer("no-such-key", "x")).get(KEYS)
    wrong = SigningClient(Signer(signer.key, "x")).get(KEYS)
    assert code(unknown) == (401, "INVALID_SIGNATURE") and unknown.json() == wrong.json()


def test_a_key_with_a_public_key_takes_no_hmac_of_it(key_pair_signer):
    public = APIKey.objects.get().public_key
    for secret in (public, "", "None"):
        assert code(SigningClient(Signer(key_pair_signer.key, secret)).get(KEYS)) == (
            401,
            "INVALID_SIGNATURE",
        )


# ---- headers that are wrong or missing ----


@pytest.mark.parametrize("name", ["HTTP_X_API_KEY", "HTTP_X_TIMESTAMP", "HTTP_X_SIGNATURE"])
@pytest.mark.parametrize(
    "value",
    [
        None, "", " ", "\xff\xfe", "é" * 64, "x" * 50_000, "\u0661", "-1", "1e5", "0x1", "+1", "1,2", "9" * 40, "0",
        "00" * 32 + "\n",
    ],
)  # fmt: skip
def test_a_header_that_is_missing_or_wrong_is_refused(signer, name, value):
    answer = SigningClient(signer, changed={name: value}).get(KEYS)
    assert answer.status_code == 401
    assert answer.json()["code"] in ("INVALID_SIGNATURE", "TIMESTAMP_OUT_OF_WINDOW")


@pytest.mark.parametrize("window", ["0", "-1", "60001", "5000.0", "05000", "abc", "\xff", "٥٠٠٠", "9" * 400])
def test_a_window_that_is_none_is_refused(signer, window):
    """Though it was signed like that."""
    answer = SigningClient(signer, {"window": window}).get(KEYS)
    assert code(answer) == (401, "INVALID_SIGNATURE")


def test_a_key_without_a_signature_is_not_a_request_of_nobodys(signer, client):
    assert code(client.get(KEYS, HTTP_X_API_KEY=signer.key)) == (401, "INVALID_SIGNATURE")


def test_a_token_and_a_signature_are_not_both_taken(signer):
    token = sign_in("alice").json()["access"]
    bot = SigningClient(signer, changed={"HTTP_AUTHORIZATION": f"Bearer {token}"})
    assert code(bot.get(KEYS)) == (401, "INVALID_SIGNATURE")


def test_a_body_that_is_too_large_is_not_read(signer):
    answer = SigningClient(signer).generic("POST", KEYS, b" " * 2**21, "application/json")
    assert code(answer) == (413, "PAYLOAD_TOO_LARGE")


# ---- time ----


def test_an_old_request_is_refused_with_the_time_it_is_here(signer):
    sent = now_ms() - 5_001
    answer = SigningClient(signer, {"timestamp": sent}).get(KEYS)
    assert code(answer) == (401, "TIMESTAMP_OUT_OF_WINDOW")
    details = answer.json()["details"]
    assert (details["timestamp"], details["recv_window"]) == (sent, 5_000)
    assert sent + 5_001 <= details["server_time"] <= now_ms()


def test_a_request_from_the_future_is_refused(signer):
    answer = SigningClient(signer, {"timestamp": now_ms() + 10_000, "window": 60_000}).get(KEYS)
    assert code(answer) == (401, "TIMESTAMP_OUT_OF_WINDOW")


# ---- once ----


def test_a_request_that_was_accepted_is_not_accepted_again(signer):
    bot = SigningClient(signer)
    assert bot.get(KEYS).status_code == 200
    assert code(bot.again()) == (401, "REQUEST_REPLAYED")
    assert bot.get(KEYS, {"limit": 7}).status_code == 200


def test_an_emptied_redis_forgets_no_replay(signer):
    bot = SigningClient(signer)
    assert bot.get(KEYS).status_code == 200
    cache.clear()
    assert code(bot.again()) == (401, "REQUEST_REPLAYED")


def test_another_spelling_of_the_signature_is_no_other_request(secret_signer, key_pair_signer):
    bot = SigningClient(secret_signer)
    assert bot.get(KEYS).status_code == 200
    signature = bot.sent[-1][0]["HTTP_X_SIGNATURE"]
    assert code(bot.again(HTTP_X_SIGNATURE=signature.upper())) == (401, "REQUEST_REPLAYED")
    bot = SigningClient(key_pair_signer)
    assert bot.get(KEYS).status_code == 200
    signature = bot.sent[-1][0]["HTTP_X_SIGNATURE"]
    assert signature.endswith("==")
    spare_bits = signature[:-3] + chr(ord(signature[-3]) + 1) + "=="  # the same 64 bytes
    assert base64.b64decode(spare_bits) == base64.b64decode(signature)
    assert code(bot.again(HTTP_X_SIGNATURE=spare_bits)) == (401, "REQUEST_REPLAYED")


def test_a_window_that_goes_without_saying_is_no_other_request(signer):
    bot = SigningClient(signer)
    assert bot.get(KEYS).status_code == 200
    assert code(bot.again(HTTP_X_RECV_WINDOW="5000")) == (401, "REQUEST_REPLAYED")


def test_two_keys_may_send_the_same_at_the_same_moment(alices_desk):
    moment = {"timestamp": now_ms()}
    for _ in range(2):
        made = new_key(alices_desk)
        assert SigningClient(Signer(made["key"], made["secret"]), moment).get(KEYS).status_code == 200


def test_what_was_refused_is_not_spent(signer, alice, admin):
    bot = SigningClient(signer, {"window": 60_000})
    suspend_user(alice, "wash trading", admin)
    assert code(bot.get(KEYS)) == (403, "ACCOUNT_SUSPENDED")
    assert not SpentSignature.objects.exists()


def test_what_is_too_old_to_come_again_is_forgotten(signer):
    for timestamp in (now_ms(), now_ms() - 4_000):
        assert SigningClient(signer, {"timestamp": timestamp}).get(KEYS).status_code == 200
    assert forget_spent_signatures() == 0
    old = SpentSignature.objects.earliest("expires_at")
    assert old.expires_at <= clock.now() + timedelta(seconds=1)
    SpentSignature.objects.filter(expires_at=old.expires_at).update(
        expires_at=clock.now() - timedelta(minutes=6)
    )
    assert forget_spent_signatures() == 1
    assert SpentSignature.objects.count() == 1


def test_celery_beat_and_the_console_forget_them_too(settings, capsys):
    long_ago = clock.now() - timedelta(minutes=6)
    task = tasks.forget_signatures
    assert task.name in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    for forget in (task, lambda: call_command("forget_signatures")):
        SpentSignature.objects.create(key_id=1, digest=b"x" * 32, expires_at=long_ago)
        forget()
        assert not SpentSignature.objects.exists()
    assert "1 signatures forgotten" in capsys.readouterr().out


# ---- what holds for keys ----


def test_a_key_that_was_revoked_signs_nothing(signer):
    APIKey.objects.update(revoked_at=clock.now())
    assert code(SigningClient(signer).get(KEYS)) == (401, "INVALID_CREDENTIALS")


def test_a_key_that_has_expired_signs_nothing(signer):
    APIKey.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert code(SigningClient(signer).get(KEYS)) == (401, "INVALID_CREDENTIALS")


def test_the_allow_list_holds_for_signed_requests(signer):
    APIKey.objects.update(allowed_addresses=["192.0.2.0/24"])
    assert code(SigningClient(signer).get(KEYS)) == (401, "INVALID_CREDENTIALS")
    claimed = SigningClient(signer).get(KEYS, HTTP_X_REAL_IP="192.0.2.8", HTTP_X_FORWARDED_FOR="192.0.2.8")
    assert code(claimed) == (401, "INVALID_CREDENTIALS")
    assert SigningClient(signer).get(KEYS, REMOTE_ADDR="192.0.2.8").status_code == 200


@pytest.mark.parametrize("scopes", [["trade"], ["withdraw"]])
def test_a_key_without_read_reads_nothing(signer, scopes):
    APIKey.objects.update(scopes=scopes)
    assert code(SigningClient(signer).get(KEYS)) == (403, "PERMISSION_DENIED")


def test_a_suspended_user_is_told_only_when_the_signature_fits(signer, alice, admin):
    suspend_user(alice, "wash trading", admin)
    assert code(SigningClient(signer).get(KEYS)) == (403, "ACCOUNT_SUSPENDED")
    assert code(SigningClient(Signer(signer.key, "x")).get(KEYS)) == (401, "INVALID_SIGNATURE")


def test_a_user_who_was_deactivated_signs_nothing(signer, alice):
    alice.is_active = False
    alice.save()
    assert code(SigningClient(signer).get(KEYS)) == (401, "INVALID_CREDENTIALS")


def test_the_use_of_a_key_is_noted(signer):
    assert APIKey.objects.get().last_used_at is None
    SigningClient(signer).get(KEYS)
    assert APIKey.objects.get().last_used_at is not None


def test_a_signature_makes_and_revokes_no_keys_though_of_staff(admin):
    made = new_key(desk_of("admin"))
    bot = SigningClient(Signer(made["key"], made["secret"]))
    assert code(bot.post(KEYS, {"scopes": ["read"]})) == (403, "PERMISSION_DENIED")
    assert code(bot.delete(f"{KEYS}/{made['id']}")) == (403, "PERMISSION_DENIED")


def test_a_key_whose_secret_cannot_be_read_any_more_is_refused(secret_signer):
    with override_settings(SECRET_KEY="another-key-of-the-server-0123456789-0123456789"):
        assert code(SigningClient(secret_signer).get(KEYS)) == (401, "INVALID_SIGNATURE")


# ---- limits ----


def test_wrong_signatures_count_against_their_address(limits_on, settings, signer):
    settings.REQUEST_LIMITS = {"anonymous": 3, "beginner": 9, "intermediate": 9, "advanced": 9}
    wrong = SigningClient(Signer(signer.key, "x"))
    assert [wrong.get(KEYS).status_code for _ in range(5)] == [401, 401, 401, 429, 429]
    assert SigningClient(signer).get(KEYS).status_code == 200, "who signs rightly has a counter of its own"


def test_a_key_has_one_counter_whichever_way_it_is_used(limits_on, settings, alices_desk):
    settings.REQUEST_LIMITS = {"anonymous": 9, "beginner": 2, "intermediate": 9, "advanced": 9}
    made = new_key(alices_desk)
    token = desk_with("").post("/api/v1/auth/token", {"api_key": made["key"]}).json()["access"]
    bot = SigningClient(Signer(made["key"], made["secret"]))
    assert [bot.get(KEYS).status_code, desk_with(token).get(KEYS).status_code] == [200, 200]
    assert bot.get(KEYS).status_code == 429


# ---- public keys ----


NO_BYTES = "A" * 60
P256 = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMKBCTNIcKUSDii11ySs3526iDZ8AiTo7
Tu6KPAqv7D7gS2XpJFbZiItSs3m9+9Ue6GnvHw/GW2ZZaVtszggXIw==
-----END PUBLIC KEY-----"""
SECRET = f"-----BEGIN PRIVATE KEY-----\nMC4C{NO_BYTES}\n-----END PRIVATE KEY-----"
NO_KEYS = [
    *(
        "",
        " ",
        "x",
        5,
        [],
        {},
        True,
        "A" * 44,
        "é" * 44,
        "A" * 600,
        "-----BEGIN",
        "ssh-ed25519 AAAA",
        P256,
        SECRET,
    ),
    f"-----BEGIN PUBLIC KEY-----\n{NO_BYTES}\n-----END PUBLIC KEY-----",
    *(base64.b64encode(bytes(length)).decode() for length in (31, 33)),
]
# With these a signature fits many texts, or every one.
WEAK_KEYS = [bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 31, b"\x01" + bytes(30) + b"\x80"]


@pytest.mark.parametrize(
    "public_key",
    [*NO_KEYS, *(base64.b64encode(key).decode() for key in WEAK_KEYS)],
    ids=lambda key: str(key)[:30],
)
def test_what_is_no_ed25519_key_is_refused(alices_desk, public_key):
    answer = alices_desk.post(KEYS, {"scopes": ["read"], "public_key": public_key})
    assert code(answer) == (400, "VALIDATION_ERROR")
    assert set(answer.json()["details"]) == {"public_key"} and not APIKey.objects.exists()
    assert "PRIVATE" not in answer.content.decode()


def test_a_public_key_is_registered_once_in_all(alices_desk, bob):
    _, public = new_private_key()
    made = new_key(alices_desk, public_key=public)
    alices_desk.delete(f"{KEYS}/{made['id']}")
    for desk in (alices_desk, desk_of("bob")):
        assert code(desk.post(KEYS, {"scopes": ["read"], "public_key": public})) == (409, "CONFLICT")


def test_a_key_has_a_secret_or_a_public_key(alice):
    row, _, secret = create_api_key(alice, "", ["read"], public_key=new_private_key()[1])
    assert secret is None and row.secret_encrypted is None
    row, _, secret = create_api_key(alice, "", ["read"])
    assert secret and row.public_key is None
