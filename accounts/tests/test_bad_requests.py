"""Nothing that a client sends gives a 5xx."""

import json

import pytest
from django.db import connection
from django.db.utils import OperationalError
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.tests.people import sign_in

pytestmark = [pytest.mark.urls("accounts.tests.urls"), pytest.mark.django_db]
POSTS = ["auth/register", "auth/token", "auth/token/refresh", "auth/logout", "api-keys"]
BODIES = [
    (b"", 400, "VALIDATION_ERROR"),
    (b"{", 400, "BAD_REQUEST"),
    (b'{"username": NaN}', 400, "BAD_REQUEST"),
    (b'{"username": 1e999}', 400, "BAD_REQUEST"),
    (b'{"username": "a", "username": "b"}', 400, "BAD_REQUEST"),
    (b'{"username": "\xff"}', 400, "BAD_REQUEST"),
    (b"\xef\xbb\xbf{}", 400, "BAD_REQUEST"),
    (rb'{"username": "\u0000"}', 400, "BAD_REQUEST"),
    (rb'{"username": "\ud800"}', 400, "BAD_REQUEST"),
    (b'{"username": ' + b"9" * 5000 + b"}", 400, "BAD_REQUEST"),
    (b"[" * 5000, 400, "BAD_REQUEST"),
    (b"[]", 400, "VALIDATION_ERROR"),
    (b"null", 400, "VALIDATION_ERROR"),
    (b'"text"', 400, "VALIDATION_ERROR"),
    (b" " * 1_048_577, 413, "PAYLOAD_TOO_LARGE"),
]


@pytest.mark.parametrize("address", POSTS)
@pytest.mark.parametrize(("body", "status", "code"), BODIES, ids=range(len(BODIES)))
def test_a_bad_body_is_refused_everywhere(alices_desk, address, body, status, code):
    answer = alices_desk.generic("POST", f"/api/v1/{address}", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "message", "details"}


@pytest.mark.parametrize("address", POSTS)
@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/xml", 415),
        ("nonsense", 415),
        ("", 415),
        ("application/json; charset=latin-1", 400),
    ],
)
def test_only_json_is_a_body(alices_desk, address, content_type, status):
    answer = alices_desk.generic("POST", f"/api/v1/{address}", b'{"x": 1}', content_type=content_type)
    assert answer.status_code == status


@pytest.mark.parametrize("address", POSTS)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE"])
def test_an_unknown_method_is_refused(alices_desk, address, method):
    answer = alices_desk.generic(method, f"/api/v1/{address}", b"{}", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert "POST" in answer["Allow"]


def test_an_answer_that_we_cannot_give_is_not_acceptable(alices_desk):
    answer = alices_desk.get("/api/v1/api-keys", HTTP_ACCEPT="application/xml")
    assert (answer.status_code, answer.json()["code"]) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    "address", ["/api/v1/", "/api/v1/nothing", "/api/v1/auth", "/api/v1/api-keys/", "/api/v1/auth/token/"]
)
def test_an_unknown_address_is_not_found_in_json(client, address):
    answer = client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(
    ["username", "email", "password", "api_key", "refresh", "scopes", "name", "expires_at"]
)


@given(address=st.sampled_from(POSTS), body=st.dictionaries(names, values, max_size=4) | values)
@hypothesis_settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_json_comes_the_answer_is_a_refusal(alices_desk, address, body):
    answer = alices_desk.generic(
        "POST", f"/api/v1/{address}", json.dumps(body), content_type="application/json"
    )
    assert answer.status_code in (400, 401), (body, answer.content)


@pytest.mark.parametrize("address", ["auth/register", "auth/token", "api-keys"])
def test_without_the_database_the_exchange_is_unavailable(alices_desk, monkeypatch, address):
    def lost(*args, **kwargs):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(connection, "cursor", lost)
    body = {"username": "bob", "email": "b@example.com", "password": "the-tulip-of-1637"}
    if address == "auth/token":
        body.pop("email")
    for accept in ("application/json", "text/html"):
        answer = alices_desk.post(f"/api/v1/{address}", body, HTTP_ACCEPT=accept)
        assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
        assert answer["Retry-After"] == "2"


def test_without_the_database_a_page_says_so_too(client, admin, monkeypatch, settings):
    settings.SECURE_SSL_REDIRECT = False
    client.login(username="admin", password="the-tulip-of-1637")

    def lost(*args, **kwargs):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(connection, "cursor", lost)
    answer = client.get("/admin/", HTTP_ACCEPT="text/html")
    assert (
        answer.status_code == 503 and answer["Content-Type"].startswith("text/html") and answer["Retry-After"]
    )


def test_alice_is_still_fine(alice):
    assert sign_in("alice").status_code == 200
