"""POST /api/v1/auth/token of who has a second factor."""

import pytest
from prometheus_client import REGISTRY
from rest_framework.test import APIClient

from accounts.models import Authenticator
from accounts.tests.authenticator import enrol
from accounts.tests.people import PASSWORD, at_once, new_key, sign_in

pytestmark = [pytest.mark.urls("accounts.tests.urls"), pytest.mark.django_db]


def refusal(answer):
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def phone(alices_desk, clock):
    return enrol(alices_desk, clock)


def test_the_password_alone_is_not_enough(phone):
    assert refusal(sign_in("alice")) == (403, "TWO_FACTOR_REQUIRED")
    assert refusal(sign_in("alice", otp=phone[0].wrong_code())) == (403, "INVALID_CODE")


def test_only_the_right_password_learns_that_a_code_is_wanted(phone):
    assert refusal(sign_in("alice", "wrong")) == (401, "INVALID_CREDENTIALS")
    assert refusal(sign_in("alice", "wrong", otp=phone[0].next_code())) == (401, "INVALID_CREDENTIALS")


def test_a_code_opens_the_door_once(phone):
    app, _ = phone
    code = app.next_code()
    assert sign_in("alice", otp=code).status_code == 200
    assert refusal(sign_in("alice", otp=code)) == (403, "INVALID_CODE")


def test_an_older_code_than_the_last_used_is_refused(phone, clock):
    app, _ = phone
    clock.seconds += 60
    older = app.code(-1)
    assert sign_in("alice", otp=app.code()).status_code == 200
    assert refusal(sign_in("alice", otp=older)) == (403, "INVALID_CODE")


@pytest.mark.parametrize(("steps", "status"), [(-2, 403), (-1, 200), (0, 200), (1, 200), (2, 403)])
def test_a_clock_may_be_half_a_minute_off(phone, clock, steps, status):
    clock.seconds += 300
    assert sign_in("alice", otp=phone[0].code(steps)).status_code == status


def test_with_another_secret_key_codes_are_wrong_and_recovery_codes_are_not(phone, settings, caplog):
    app, codes = phone
    settings.SECRET_KEY = "another" * 10
    assert refusal(sign_in("alice", otp=app.next_code())) == (403, "INVALID_CODE")
    assert "another SECRET_KEY" in caplog.text
    assert sign_in("alice", otp=codes[0]).status_code == 200


def test_a_recovery_code_opens_the_door_once_however_it_is_typed(phone, alices_desk):
    _, codes = phone
    assert sign_in("alice", otp=codes[0].upper().replace("-", " ")).status_code == 200
    assert refusal(sign_in("alice", otp=codes[0])) == (403, "INVALID_CODE")
    assert sign_in("alice", otp=codes[1].replace("-", "")).status_code == 200
    assert alices_desk.get("/api/v1/auth/two-factor").json()["recovery_codes_left"] == 8


@pytest.mark.parametrize(
    "code",
    [
        "12345",
        "1234567",
        "+12345",
        "12_345",
        "１２３４５６",
        "٣٤٥٦٧٨",
        "0x1234",
        "1e5",
        "a" * 16,
        "8" * 16,
        "-",
        "💥",
        "a" * 32,
    ],
)
def test_what_is_no_code_is_a_wrong_code(phone, code):
    assert refusal(sign_in("alice", otp=code)) == (403, "INVALID_CODE")


@pytest.mark.parametrize("code", [5, None, [], {}, True, "", "1" * 33])
def test_what_is_no_text_is_a_bad_request(phone, code):
    body = {"username": "alice", "password": PASSWORD, "otp": code}
    assert refusal(APIClient().post("/api/v1/auth/token", body)) == (400, "VALIDATION_ERROR")


def test_a_code_of_bob_does_not_open_alices_door(phone, bob, clock):
    bobs_app, bobs_codes = enrol(desk_for(bob), clock)
    clock.seconds += 30
    assert refusal(sign_in("alice", otp=bobs_codes[0])) == (403, "INVALID_CODE")
    assert refusal(sign_in("alice", otp=bobs_app.code())) == (403, "INVALID_CODE")
    assert sign_in("bob", otp=bobs_app.code()).status_code == 200


def test_who_has_no_second_factor_may_send_a_code(alice):
    assert sign_in("alice", otp="123456").status_code == 200


def test_an_api_key_takes_no_code(phone, alices_desk):
    key = new_key(alices_desk, otp=phone[0].next_code())
    asked = {"api_key": key["key"]}
    assert APIClient().post("/api/v1/auth/token", asked).status_code == 200
    assert APIClient().post("/api/v1/auth/token", asked | {"otp": "123456"}).status_code == 400


# ---- guessing ----


def test_a_wrong_code_counts_as_a_failed_log_in(limits_on, settings, alices_desk, clock):
    app, _ = enrol(alices_desk, clock)
    settings.LOGIN_LIMIT = 3
    answers = []
    for _ in range(4):
        answers.append(sign_in("alice", otp=app.wrong_code()))
        clock.seconds += 300  # the authenticator itself would take the next
    assert [answer.status_code for answer in answers] == [403, 403, 403, 429]
    assert sign_in("alice", otp=app.code()).status_code == 429


def test_asking_for_the_code_is_no_failure(limits_on, settings, alices_desk, clock):
    enrol(alices_desk, clock)
    settings.LOGIN_LIMIT = 3
    assert {refusal(sign_in("alice")) for _ in range(6)} == {(403, "TWO_FACTOR_REQUIRED")}


def test_after_wrong_codes_the_authenticator_waits_longer_and_longer_but_not_for_ever(phone, clock):
    app, _ = phone
    waits = []
    for _ in range(12):
        assert refusal(sign_in("alice", otp=app.wrong_code())) == (403, "INVALID_CODE")
        refused = sign_in("alice", otp=app.code())
        assert refusal(refused) == (429, "RATE_LIMITED")
        waits.append(int(refused["Retry-After"]))
        clock.seconds += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 256, 256, 256]
    assert sign_in("alice", otp=app.code()).status_code == 200


def test_while_the_authenticator_waits_a_recovery_code_still_opens(phone, clock):
    app, codes = phone
    for _ in range(9):
        clock.seconds += 300
        sign_in("alice", otp=app.wrong_code())
    refused = sign_in("alice", otp=app.code())
    assert refusal(refused) == (429, "RATE_LIMITED") and refused["Retry-After"] == "256"
    assert sign_in("alice", otp=codes[0]).status_code == 200
    clock.seconds += 256
    assert sign_in("alice", otp=app.code()).status_code == 200


def test_guessing_at_recovery_codes_stops_neither_the_app_nor_the_right_one(phone):
    app, codes = phone
    for _ in range(5):
        sign_in("alice", otp="abcd-efgh-ijkl-mnop")
    assert sign_in("alice", otp=codes[0]).status_code == 200
    assert sign_in("alice", otp=app.next_code()).status_code == 200


def test_refused_codes_are_counted_wherever_they_were_given(phone, alices_desk, clock):
    app, before = phone[0], codes_refused()
    sign_in("alice", otp=app.wrong_code())
    clock.seconds += 300
    alices_desk.post("/api/v1/api-keys", {"scopes": ["read"], "otp": app.wrong_code()})
    sign_in("alice")  # that a code is lacking is no failure
    assert codes_refused() == before + 2


def codes_refused():
    return REGISTRY.get_sample_value("auth_failures_total", {"reason": "code"})


# ---- races ----


@pytest.mark.django_db(transaction=True)
def test_a_code_sent_many_times_at_once_works_once(phone):
    for _ in range(3):
        code = phone[0].next_code()
        answers = at_once(*[lambda code=code: sign_in("alice", otp=code)] * 4)
        assert [answer.status_code for answer in answers].count(200) == 1
        phone[0]._clock.seconds += 300


@pytest.mark.django_db(transaction=True)
def test_a_recovery_code_sent_many_times_at_once_works_once(phone):
    for recovery_code in phone[1][:3]:
        answers = at_once(*[lambda code=recovery_code: sign_in("alice", otp=code)] * 4)
        assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403]


@pytest.mark.django_db(transaction=True)
def test_wrong_codes_at_once_are_each_counted_or_told_to_wait(phone):
    wrong = phone[0].wrong_code()
    answers = at_once(*[lambda: sign_in("alice", otp=wrong)] * 4)
    assert sorted(answer.status_code for answer in answers) == [403, 429, 429, 429]
    assert Authenticator.objects.get().throttling_failure_count == 1


def desk_for(user):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {sign_in(user.username).json()['access']}")
    return client
