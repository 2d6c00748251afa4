"""No secret gets into a log, wherever a client puts it and whoever repeats it."""

import json
import logging

import pytest
from django.test import RequestFactory, override_settings

from common import redaction, request_id
from common.log_format import JsonFormatter, LineFormatter
from common.redaction import BODY, CONCEALED, InHand, conceal, hold

SECRET = "s3cr3t-Value/9"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoxfQ.abc-DEF_123"


@pytest.fixture(autouse=True)
def nobody_in_hand():
    yield
    hold(None)
    request_id.end()


# ---- what looks like a secret ----


@pytest.mark.parametrize(
    "text",
    [
        f"token {JWT} is old",
        "Authorization: Bearer abcdef123456",
        "got {'password': 'hunter2'}",
        '{"client_secret": "hunter2"}',
        '{"new_password": "hunter2',
        "connect postgres://bourse:hunter2@db:5432/bourse",
        "redis://:hunter2@cache:6379/0 is away",
        "api_key=hunter2&x=1",
        "Cookie: hunter2",
        "csrfmiddlewaretoken=hunter2",
        "otp: hunter2",
        "duplicate key\nDETAIL:  Key (name)=(hunter2) already exists.",
        "Received unregistered task.\n\nThe full contents of the message body was:\nb'hunter2' (9b)\n\nmore hunter2",
    ],
)
def test_what_looks_like_a_secret_is_concealed(text):
    assert CONCEALED in conceal(text)
    for secret in (JWT, "hunter2", "abcdef123456"):
        assert secret not in conceal(text)


@pytest.mark.parametrize(
    "text",
    [
        "limits are counted in this process alone for now: ConnectionError",
        "binance: breaker opened after 3 failures, key BTC-USDT at 50000.10",
        "exit code: 1",
        "Task trading.tasks.sweep_markets[0192-7] raised unexpected: ValueError('no such market')",
    ],
)
def test_what_does_not_is_left_as_it_is(text):
    assert conceal(text) == text


# ---- what a request has sent ----


@pytest.mark.parametrize(
    "environ",
    [
        {"PATH_INFO": f"/api/v1/orders/client:{SECRET}"},
        {"PATH_INFO": "/api/v1/orders/client:" + SECRET.replace("/", "%2F")},
        {"PATH_INFO": f"/{SECRET}"},
        {"QUERY_STRING": f"x={SECRET}"},
        {"QUERY_STRING": "x=s3cr3t-Value%2F9"},
        {"QUERY_STRING": f"{SECRET}=1"},
        {"HTTP_X_API_KEY": SECRET},
        {"HTTP_AUTHORIZATION": f"Odd {SECRET}"},
        {"HTTP_COOKIE": f"a=b; sessionid={SECRET}"},
        {"HTTP_HOST": SECRET},
        {BODY: json.dumps({"otp": SECRET}).encode()},
        {BODY: json.dumps({"a": [{"b": SECRET}]}).encode()},
        {BODY: json.dumps([SECRET]).encode()},
        {BODY: f'{{"password": "{SECRET}'.encode()},
        {BODY: f"password={SECRET}&x=1".encode()},
        {BODY: f"\xff{SECRET}".encode("latin-1")},
        {BODY: f'{{"action": "authenticate", "token": "{SECRET}"}}'},
    ],
    ids=str,
)
def test_what_the_request_in_hand_sent_is_concealed(environ):
    hold(InHand(environ))
    for told in (f"cannot read {SECRET!r}", f"cannot read {SECRET}!", f"cannot read {json.dumps(SECRET)}"):
        assert "s3cr3t" not in conceal(told), told


@pytest.mark.parametrize(
    "body", [{"password": "correcthorse"}, {"otp": "123456"}, {"code": "123456"}], ids=str
)
def test_a_secret_may_be_a_plain_word_or_a_number(body):
    hold(InHand({BODY: json.dumps(body).encode()}))
    [secret] = body.values()
    assert conceal(f"cannot use {secret}") == f"cannot use {CONCEALED}"


def test_letters_that_were_written_in_other_ways_are_found():
    hold(InHand({BODY: json.dumps({"password": 'grüß"Gott\\'}).encode()}))
    assert "Gott" not in conceal("""cannot read grüß"Gott\\""")
    assert "Gott" not in conceal("cannot read 'grüß\"Gott\\\\'")


def test_ordinary_words_and_numbers_stay_readable():
    hold(InHand({"PATH_INFO": "/api/v1/orders/17", BODY: b'{"side": "market", "price": "30000.5"}'}))
    text = "order 17 of the market at 30000.5 in /api/v1/orders/17"
    assert conceal(text) == text


def test_a_form_of_django_is_looked_at_too():
    request = RequestFactory().post("/admin/login/", {"username": "a", "password": SECRET})
    assert request.POST
    hold(InHand(request.META, request))
    assert "s3cr3t" not in conceal(f"bad {SECRET}")


def test_another_request_is_another_matter():
    hold(InHand({"QUERY_STRING": f"x={SECRET}"}))
    hold(None)
    assert SECRET in conceal(f"x: {SECRET}")


def test_a_request_that_cannot_be_looked_through_conceals_everything(monkeypatch):
    def fails(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(redaction, "_sent", fails)
    hold(InHand({"QUERY_STRING": f"x={SECRET}"}))
    assert SECRET not in conceal(f"x: {SECRET}")


# ---- lines ----


def record(text="something of %s", *args, error=None, **extra):
    error_info = (type(error), error, error.__traceback__) if error else None
    made = logging.makeLogRecord(
        {
            "name": "trading",
            "levelname": "ERROR",
            "levelno": 40,
            "msg": text,
            "args": args,
            "exc_info": error_info,
        }
    )
    made.__dict__.update(extra)
    return made


def failed():
    try:
        try:
            raise ValueError(f"no {SECRET}")
        except ValueError as error:
            raise KeyError(SECRET) from error
    except KeyError as error:
        return error


FORMATTERS = [LineFormatter(), JsonFormatter()]


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_neither_text_nor_traceback_tell_what_was_sent(formatter):
    hold(InHand({"QUERY_STRING": f"x={SECRET}"}))
    text = formatter.format(record("cannot do %s", SECRET, error=failed()))
    assert "s3cr3t" not in text and CONCEALED in text
    assert "Traceback" in text and "test_redaction.py" in text and "KeyError" in text


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_what_libraries_hang_on_a_record_is_left_out(formatter):
    text = formatter.format(record("task failed", data={"args": [SECRET], "a": 1}, **{"data.a": SECRET}))
    assert "s3cr3t" not in text


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_a_text_that_its_arguments_do_not_fit_is_written_all_the_same(formatter):
    assert "something of %s" in formatter.format(record("something of %s", 1, 2))


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_a_record_is_not_changed_for_others(formatter):
    made = record("password=%s", SECRET, error=failed())
    formatter.format(made)
    assert made.args == (SECRET,) and made.exc_text is None and made.exc_info


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_what_django_says_after_the_request_is_about_that_request(formatter):
    request = RequestFactory().get(f"/{SECRET}", headers={"X-Request-ID": "mine-7"})
    text = formatter.format(record("Internal Server Error: %s", request.path, request=request))
    assert "s3cr3t" not in text and "mine-7" in text


def test_a_line_carries_the_name_of_its_request():
    request_id.begin("mine-7")
    assert " ERROR trading [mine-7]: something of it" in LineFormatter().format(
        record("something of %s", "it")
    )
    line = json.loads(JsonFormatter().format(record("something of %s", "it")))
    assert line["http"]["request"]["id"] == "mine-7" and line["message"] == "something of it"


def test_a_line_of_json_is_of_the_schema():
    line = json.loads(JsonFormatter().format(record("something of %s", "it", error=failed())))
    assert (line["log.level"], line["service"]["name"], line["event"]["dataset"]) == (
        "error", "bourse", "bourse.log",
    )  # fmt: skip
    assert line["log"]["logger"] == "trading" and line["error"]["type"] == "KeyError"
    assert set(line["error"]) == {"type", "message", "stack_trace"} and "http" not in line


def test_the_words_of_addresses_are_those_of_the_site_that_is_asked():
    with override_settings(ROOT_URLCONF="accounts.tests.urls"):
        conceal("", InHand({"PATH_INFO": "/api/v1/orders/17"}))
    text = "in /api/v1/orders/17"
    assert conceal(text, InHand({"PATH_INFO": "/api/v1/orders/17"})) == text
