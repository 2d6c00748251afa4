"""/api/v1/auth/two-factor: setting up a second factor, renewing its recovery codes, disabling it."""

import re
import xml.dom.minidom
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.exceptions import InvalidTag
from django.contrib.admin.models import LogEntry
from django_otp.plugins.otp_static.models import StaticToken

from accounts.models import APIKey, Authenticator
from accounts.services import create_api_key, remove_second_factor
from accounts.tests.authenticator import TWO_FACTOR, App, enrol
from accounts.tests.people import PASSWORD, at_once, desk_of, desk_with, new_key, sign_in
from common.errors import ErrorCode, Refused

pytestmark = [pytest.mark.urls("accounts.tests.urls"), pytest.mark.django_db]


def refusal(answer):
    return answer.status_code, answer.json()["code"]


def test_without_a_second_factor_the_state_says_so(alices_desk):
    answer = alices_desk.get(TWO_FACTOR)
    assert answer.json() == {"enabled": False, "enabled_at": None, "recovery_codes_left": 0}


def test_alice_enrols_scans_confirms_and_gets_recovery_codes(alices_desk, clock):
    answer = alices_desk.post(f"{TWO_FACTOR}/enrol", {"password": PASSWORD})
    assert answer.status_code == 200 and answer["Cache-Control"] == "no-store"
    seed = answer.json()
    scanned = urlsplit(seed["uri"])
    assert (scanned.scheme, scanned.netloc, scanned.path) == ("otpauth", "totp", "/Bourse%3Aalice")
    asked = parse_qs(scanned.query)
    assert asked["secret"] == [seed["secret"]] and asked["issuer"] == ["Bourse"]
    assert xml.dom.minidom.parseString(seed["qr_svg"]).documentElement.tagName == "svg"
    assert alices_desk.get(TWO_FACTOR).json()["enabled"] is False
    assert sign_in("alice").status_code == 200  # it does not count yet
    confirmed = alices_desk.post(f"{TWO_FACTOR}/confirm", {"otp": App(seed["secret"], clock).code()})
    assert confirmed.status_code == 200 and confirmed["Cache-Control"] == "no-store"
    codes = confirmed.json()["recovery_codes"]
    assert len(set(codes)) == 10 and all(
        re.fullmatch(r"([a-z2-7]{4}-){3}[a-z2-7]{4}", code) for code in codes
    )
    state = alices_desk.get(TWO_FACTOR).json()
    assert state["enabled"] is True and state["enabled_at"] and state["recovery_codes_left"] == 10


def test_neither_the_seed_nor_a_recovery_code_is_kept_in_the_clear(alices_desk, clock):
    app, codes = enrol(alices_desk, clock)
    device = Authenticator.objects.get()
    assert app._seed.hex() not in device.key and device.bin_key == app._seed
    kept = set(StaticToken.objects.values_list("token", flat=True))
    assert len(kept) == 10 and not kept & {code.replace("-", "") for code in codes}


def test_the_seed_of_one_is_none_of_another(alices_desk, alice, bob, clock):
    enrol(alices_desk, clock)
    Authenticator.objects.update(user=bob)
    with pytest.raises(InvalidTag):
        _ = Authenticator.objects.get().bin_key


@pytest.mark.parametrize("step", ["enrol", "recovery-codes", "disable"])
def test_each_step_takes_the_right_password(alices_desk, clock, step):
    body = {"password": "wrong"}
    if step != "enrol":
        app, _ = enrol(alices_desk, clock)
        body["otp"] = app.next_code()
    assert refusal(alices_desk.post(f"{TWO_FACTOR}/{step}", body)) == (401, "INVALID_CREDENTIALS")


def test_a_wrong_password_counts_as_a_failed_log_in(limits_on, settings, alices_desk):
    settings.LOGIN_LIMIT = 3
    answers = [alices_desk.post(f"{TWO_FACTOR}/enrol", {"password": "wrong"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert sign_in("alice").status_code == 429


def test_a_wrong_code_does_not_confirm(alices_desk, clock):
    assert refusal(alices_desk.post(f"{TWO_FACTOR}/confirm", {"otp": "123456"})) == (409, "CONFLICT")
    seed = alices_desk.post(f"{TWO_FACTOR}/enrol", {"password": PASSWORD}).json()
    app = App(seed["secret"], clock)
    wrong = alices_desk.post(f"{TWO_FACTOR}/confirm", {"otp": app.wrong_code()})
    assert refusal(wrong) == (403, "INVALID_CODE")
    assert alices_desk.get(TWO_FACTOR).json()["enabled"] is False


def test_asking_for_a_secret_again_takes_the_place_of_the_first(alices_desk, clock):
    first, second = (
        App(alices_desk.post(f"{TWO_FACTOR}/enrol", {"password": PASSWORD}).json()["secret"], clock)
        for _ in range(2)
    )
    assert alices_desk.post(f"{TWO_FACTOR}/confirm", {"otp": first.code()}).status_code == 403
    clock.seconds += 2
    assert alices_desk.post(f"{TWO_FACTOR}/confirm", {"otp": second.code()}).status_code == 200


def test_there_is_one_second_factor_at_most(alices_desk, clock):
    app, _ = enrol(alices_desk, clock)
    again = alices_desk.post(f"{TWO_FACTOR}/enrol", {"password": PASSWORD})
    assert refusal(again) == (409, "CONFLICT")
    assert refusal(alices_desk.post(f"{TWO_FACTOR}/confirm", {"otp": app.next_code()})) == (409, "CONFLICT")


@pytest.mark.parametrize("step", ["recovery-codes", "disable"])
def test_what_is_not_there_cannot_be_renewed_or_disabled(alices_desk, step):
    answer = alices_desk.post(f"{TWO_FACTOR}/{step}", {"password": PASSWORD, "otp": "123456"})
    assert refusal(answer) == (409, "CONFLICT")


@pytest.mark.parametrize("step", ["recovery-codes", "disable"])
def test_changing_it_takes_a_code(alices_desk, clock, step):
    app, _ = enrol(alices_desk, clock)
    without = alices_desk.post(f"{TWO_FACTOR}/{step}", {"password": PASSWORD})
    assert refusal(without) == (403, "TWO_FACTOR_REQUIRED")
    wrong = alices_desk.post(f"{TWO_FACTOR}/{step}", {"password": PASSWORD, "otp": app.wrong_code()})
    assert refusal(wrong) == (403, "INVALID_CODE")
    assert alices_desk.get(TWO_FACTOR).json()["recovery_codes_left"] == 10


def test_new_recovery_codes_end_the_old_ones(alices_desk, clock):
    app, old = enrol(alices_desk, clock)
    answer = alices_desk.post(f"{TWO_FACTOR}/recovery-codes", {"password": PASSWORD, "otp": app.next_code()})
    new = answer.json()["recovery_codes"]
    assert not set(old) & set(new)
    assert refusal(sign_in("alice", otp=old[0])) == (403, "INVALID_CODE")
    assert sign_in("alice", otp=new[0]).status_code == 200


def test_disabled_it_is_not_asked_for_any_more(alices_desk, clock):
    app, _ = enrol(alices_desk, clock)
    answer = alices_desk.post(f"{TWO_FACTOR}/disable", {"password": PASSWORD, "otp": app.next_code()})
    assert answer.status_code == 204
    assert sign_in("alice").status_code == 200
    assert alices_desk.get(TWO_FACTOR).json()["enabled"] is False
    assert Authenticator.objects.count() == StaticToken.objects.count() == 0
    enrol(alices_desk, clock)


def test_a_recovery_code_disables_it_for_who_lost_the_phone(alices_desk, clock):
    _, codes = enrol(alices_desk, clock)
    answer = alices_desk.post(f"{TWO_FACTOR}/disable", {"password": PASSWORD, "otp": codes[4]})
    assert answer.status_code == 204


def test_an_api_key_may_do_none_of_it(alices_desk, alice):
    key = new_key(alices_desk, scopes=["read", "trade"])
    program = desk_with(alices_desk.post("/api/v1/auth/token", {"api_key": key["key"]}).json()["access"])
    assert program.get(TWO_FACTOR).status_code == 403
    for step in ("enrol", "confirm", "recovery-codes", "disable"):
        body = {"otp": "123456"} if step == "confirm" else {"password": PASSWORD}
        assert program.post(f"{TWO_FACTOR}/{step}", body).status_code == 403


# ---- keys ----


def test_a_key_that_withdraws_takes_a_second_factor(alices_desk, clock):
    asked = {"scopes": ["read", "withdraw"]}
    assert refusal(alices_desk.post("/api/v1/api-keys", asked)) == (403, "TWO_FACTOR_REQUIRED")
    app, _ = enrol(alices_desk, clock)
    assert refusal(alices_desk.post("/api/v1/api-keys", asked)) == (403, "TWO_FACTOR_REQUIRED")
    wrong = alices_desk.post("/api/v1/api-keys", asked | {"otp": app.wrong_code()})
    assert refusal(wrong) == (403, "INVALID_CODE")
    clock.seconds += 2
    right = alices_desk.post("/api/v1/api-keys", asked | {"otp": app.next_code()})
    assert right.status_code == 201 and right.json()["scopes"] == ["read", "withdraw"]


def test_who_has_a_second_factor_makes_no_key_without_a_code(alices_desk, clock):
    assert new_key(alices_desk)
    app, codes = enrol(alices_desk, clock)
    asked = {"scopes": ["read"]}
    assert refusal(alices_desk.post("/api/v1/api-keys", asked)) == (403, "TWO_FACTOR_REQUIRED")
    code = app.next_code()
    assert alices_desk.post("/api/v1/api-keys", asked | {"otp": code}).status_code == 201
    assert refusal(alices_desk.post("/api/v1/api-keys", asked | {"otp": code})) == (403, "INVALID_CODE")
    assert alices_desk.post("/api/v1/api-keys", asked | {"otp": codes[0]}).status_code == 201


def test_keys_that_withdraw_end_with_the_second_factor(alices_desk, alice, clock):
    app, _ = enrol(alices_desk, clock)
    create_api_key(alice, "both", ["read", "withdraw"])
    reader, _, _ = create_api_key(alice, "reader", ["read"])
    alices_desk.post(f"{TWO_FACTOR}/disable", {"password": PASSWORD, "otp": app.next_code()})
    assert list(APIKey.objects.filter(revoked_at=None)) == [reader]


# ---- staff ----


def test_staff_remove_what_was_lost_and_the_history_tells(alices_desk, alice, admin, clock):
    enrol(alices_desk, clock)
    create_api_key(alice, "both", ["read", "withdraw"])
    remove_second_factor(alice, " lost phone, identity checked ", by=admin)
    assert sign_in("alice").status_code == 200
    entry = LogEntry.objects.get(object_id=str(alice.pk))
    assert (entry.user, entry.change_message) == (
        admin,
        "Second factor removed: lost phone, identity checked",
    )
    assert not APIKey.objects.filter(revoked_at=None)


def test_staff_give_a_reason_and_do_not_remove_their_own(alices_desk, alice, admin, clock):
    with pytest.raises(Refused) as refused:
        remove_second_factor(alice, "not there", by=admin)
    assert refused.value.code is ErrorCode.CONFLICT
    enrol(alices_desk, clock)
    enrol(desk_of("admin"), clock)
    for user, reason, code in (
        (alice, " ", ErrorCode.VALIDATION_ERROR),
        (admin, "lost", ErrorCode.PERMISSION_DENIED),
    ):
        with pytest.raises(Refused) as refused:
            remove_second_factor(user, reason, by=admin)
        assert refused.value.code is code
    assert Authenticator.objects.count() == 2


# ---- races ----


@pytest.mark.django_db(transaction=True)
def test_of_two_confirmations_at_once_one_counts(alices_desk, clock):
    seed = alices_desk.post(f"{TWO_FACTOR}/enrol", {"password": PASSWORD}).json()
    code = App(seed["secret"], clock).code()
    answers = at_once(*[lambda: alices_desk.post(f"{TWO_FACTOR}/confirm", {"otp": code})] * 4)
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert StaticToken.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_two_enrolments_at_once_leave_one_secret(alices_desk):
    at_once(*[lambda: alices_desk.post(f"{TWO_FACTOR}/enrol", {"password": PASSWORD})] * 4)
    assert Authenticator.objects.count() == 1
