"""A request gets the same answer by the fast lane and from Django, to the last header."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from rest_framework.test import ForceAuthClientHandler

from accounts.models import User
from accounts.services import create_api_key, end_session, issue_tokens, remembered_bearer, suspend_user
from accounts.tests.signer import Signer, SigningClient
from common import clock
from common.errors import ErrorCode
from common.tests.minute import endless_minute
from trading.models import Order
from trading.services import NewOrder, PlaceRequest, submit
from trading.tests.api.desk import Desk, key_desk, refusal

OWN = ("id", "client_order_id", "created_at", "updated_at")
ORDER = {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": "30000", "quantity": "0.1"}
ORDERS = [
    ({}, 201),
    ({"side": "sell"}, 201),
    ({"time_in_force": "ioc"}, 201),
    ({"post_only": True, "price": "29000.10", "self_trade_prevention": "decrement"}, 201),
    ({"type": "market", "price": None}, 201),
    ({"quantity": "999"}, 422),
    ({"price": "0.001"}, 422),
    ({"symbol": "DOGE-USDT"}, 404),
    ({"price": "-1"}, 400),
    ({"prize": "1"}, 400),
    ({"side": None}, 400),
]


@pytest.fixture
def by_django(alice):
    """Alice at the other door."""
    desk = Desk(alice.user)
    desk.client.handler = ForceAuthClientHandler(enforce_csrf_checks=False)
    return desk


def headers(answer):
    """But for what is of each answer alone."""
    return {n: value for n, value in answer.headers.items() if n not in ("Content-Length", "X-Request-ID")}


@pytest.fixture
def limited(limits_off, settings, monkeypatch):
    """`limited(most)`: so many requests in a minute that does not end, counted apart from other tests."""

    def limit(most):
        endless_minute(settings, monkeypatch)
        settings.REQUEST_LIMITS = dict.fromkeys(settings.REQUEST_LIMITS, most)
        settings.ORDER_LIMITS = dict.fromkeys(settings.ORDER_LIMITS, most)

    return limit


def told(answer):
    """Status and body; of a page, which has a CSRF token of its own, only that it is one."""
    kind = answer["Content-Type"]
    return answer.status_code, kind, answer.content if kind == "application/json" else b""


def shown(answer):
    """The body without what is the order's own."""
    return {name: value for name, value in answer.json().items() if name not in OWN}


@pytest.mark.parametrize(("changes", "status"), ORDERS, ids=str)
def test_an_order(alice, by_django, taken, changes, status):
    body = ORDER | changes
    by_lane, other = alice.post("orders", body), by_django.post("orders", body)
    assert by_lane.status_code == other.status_code == status
    assert headers(by_lane) == headers(other)
    assert shown(by_lane) == shown(other)
    assert list(by_lane.json()) == list(other.json())
    assert by_lane["Content-Length"] == str(len(by_lane.content))
    assert taken == ([] if status in (400, 404) else [("orders", "POST", status)])


def test_an_order_with_fills(alice, bob, by_django, taken):
    bob.sells("1", "30000")
    fills = [door.buys("0.1", "30000")["fills"] for door in (alice, by_django)]
    for [fill] in fills:
        del fill["id"], fill["order_id"], fill["time"]
    assert fills[0] == fills[1]
    assert taken == [("orders", "POST", 201)] * 2  # bob's and alice's


def test_an_order_that_is_repeated(alice, by_django, taken):
    first = alice.place("buy", "0.1", "30000", client_order_id="a")
    again, other = (door.place("buy", "0.1", "30000", client_order_id="a") for door in (alice, by_django))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content == other.content
    assert taken == [("orders", "POST", 201), ("orders", "POST", 200)]


@pytest.mark.parametrize("query", ["", "?depth=1", "?depth=1000"])
def test_the_book(alice, by_django, taken, query):
    alice.buys("0.1", "30000")
    alice.buys("0.2", "29999.99")
    alice.sells("0.2", "30000.01")
    taken.clear()
    by_lane = Desk().client.get(f"/api/v1/orderbook/BTC-USDT{query}")
    by_django.client.credentials()
    other = by_django.client.get(f"/api/v1/orderbook/BTC-USDT{query}")
    assert (by_lane.content, headers(by_lane)) == (other.content, headers(other))
    assert taken == [("orderbook", "GET", 200)]


def test_the_ticker(alice, bob, by_django, taken):
    by_django.client.credentials()
    for _ in range(3):
        alice.sells("0.1", "30000.5")
        bob.buys("0.05", "30001")
        taken.clear()
        by_lane, other = Desk().get("ticker/BTC-USDT"), by_django.get("ticker/BTC-USDT")
        assert (by_lane.content, headers(by_lane)) == (other.content, headers(other))
        assert taken == [("ticker", "GET", 200)]
    assert by_lane.json()["volume"] == "0.15" and by_lane.json()["best_ask"] == "30000.5"


@pytest.mark.parametrize(
    "address",
    [
        "orderbook/NO-SUCH", "orderbook/", "orderbook/BTC-USDT/", "orderbook/BTC-USDT?depth=0",
        "orderbook/BTC-USDT?depth=1001", "orderbook/BTC-USDT?depth=01", "orderbook/BTC-USDT?depth=1&depth=2",
        "orderbook/BTC-USDT?format=api", "ticker/NO-SUCH", "ticker/BTC-USDT?format=json", "ticker/%C3%A4", "ticker/%00",
    ],
)  # fmt: skip
def test_an_address_that_is_not_plain_is_left_to_django(alice, by_django, taken, address):
    by_django.client.credentials()
    by_lane, other = Desk().client.get(f"/api/v1/{address}"), by_django.client.get(f"/api/v1/{address}")
    assert told(by_lane) == told(other)
    assert taken == []


@pytest.mark.parametrize(
    "extra",
    [
        {"HTTP_ACCEPT": "text/html"},
        {"HTTP_ACCEPT": "application/xml"},
        {"HTTP_COOKIE": "sessionid=x"},
        {"CONTENT_TYPE": "text/plain"},
        {"CONTENT_TYPE": "application/json; charset=latin-1"},
        {"QUERY_STRING": "format=api"},
        {"HTTP_HOST": "elsewhere.example"},
        {"HTTP_AUTHORIZATION": "Basic YTpi"},
        {"HTTP_AUTHORIZATION": ""},
    ],
    ids=str,
)
def test_a_request_that_is_not_plain_is_left_to_django(alice, by_django, taken, extra):
    by_lane, other = (
        door.client.generic("POST", "/api/v1/orders", '{"side": "?"}', "application/json", **extra)
        for door in (alice, by_django)
    )
    assert told(by_lane) == told(other)
    assert taken == []


@pytest.mark.parametrize("extra", [{"HTTP_ACCEPT": "text/html"}, {"HTTP_COOKIE": "sessionid=x"}], ids=str)
def test_even_if_all_else_is_right(alice, taken, extra):
    alice.client.cookies.load(extra.pop("HTTP_COOKIE", ""))
    assert alice.client.post("/api/v1/orders", ORDER, **extra).status_code == 201
    assert alice.client.get("/api/v1/ticker/BTC-USDT", **extra).status_code == 200
    assert taken == []


def test_who_signs_in_for_public_data_must_be_right(taken, markets):
    assert refusal(Desk(access="no-token").get("ticker/BTC-USDT")) == (401, "INVALID_TOKEN")
    assert taken == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"{", b'{"symbol": "BTC-USDT", "symbol": "BTC-USDT"}', b'{"price": NaN}', b"\xff",
        b'{"symbol": "\\u0000"}', b'{"a": 1e999}', b"[" * 5000, b'{"symbol": "' + b"x" * 9000 + b'"}',
    ],
    ids=lambda body: body[:20],
)  # fmt: skip
def test_a_body_that_is_not_plain_is_left_to_django_unread(alice, by_django, taken, body):
    by_lane, other = (
        door.client.generic("POST", "/api/v1/orders", body, "application/json") for door in (alice, by_django)
    )
    assert by_lane.status_code == 400
    assert told(by_lane) == told(other)
    assert taken == []


def test_limits_hold_and_count_for_both_doors_together(alice, by_django, taken, limited):
    limited(3)
    answers = [door.place("buy", "0.1", "30000") for door in (alice, by_django, alice, alice, by_django)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429, 429]
    assert [answer["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
    assert refusal(answers[3]) == (429, "RATE_LIMITED") and answers[3].content == answers[4].content
    assert set(headers(answers[3])) == set(headers(answers[4])) >= {"Retry-After"}
    assert len(taken) == 2


def test_limits_of_public_data_hold(markets, limited, taken):
    limited(2)
    client = Desk(REMOTE_ADDR="192.0.2.77").client
    answers = [client.get("/api/v1/ticker/BTC-USDT") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert len(taken) == 3


def test_the_suspended_are_refused_on_the_very_next_request(alice, admin, taken):
    assert alice.place("buy", "0.1", "30000").status_code == 201
    suspend_user(alice.user, "wash trading", by=admin.user)
    assert refusal(alice.place("buy", "0.1", "30000")) == (403, "ACCOUNT_SUSPENDED")
    assert taken == [("orders", "POST", 201)]


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"revoked_at": clock.now()}, (401, "INVALID_TOKEN")),
        ({"expires_at": clock.now()}, (401, "INVALID_TOKEN")),
        ({"scopes": ["read"]}, (403, "PERMISSION_DENIED")),
        ({"allowed_addresses": ["192.0.2.1"]}, (401, "INVALID_TOKEN")),
    ],
)
def test_so_are_the_tokens_of_a_key_that_may_not_any_more(alice, taken, change, answer):
    bot = key_desk(alice.user, "trade")
    alice.user.api_keys.update(last_used_at=clock.now())
    assert [bot.place("buy", "0.1", "30000").status_code for _ in range(2)] == [201, 201]
    alice.user.api_keys.update(**change)
    assert [refusal(bot.place("buy", "0.1", "30000")) for _ in range(2)] == [answer, answer]
    assert taken == [("orders", "POST", 201)] * 2
    assert Order.objects.count() == 2


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "another"}], ids=str)
def test_so_are_the_tokens_of_a_user_who_has_changed(alice, taken, change):
    assert alice.place("buy", "0.1", "30000", client_order_id="a").status_code == 201
    User.objects.filter(pk=alice.user.pk).update(**change)
    for client_order_id in ("a", "b"):  # the first one's order is not shown either
        answer = alice.place("buy", "0.1", "30000", client_order_id=client_order_id)
        assert refusal(answer) == (401, "INVALID_TOKEN")
    assert refusal(alice.place("buy", "0.1", "30000", symbol="DOGE-USDT")) == (401, "INVALID_TOKEN")
    assert taken == [("orders", "POST", 201)] and Order.objects.count() == 1


def test_so_is_the_token_of_a_session_that_was_signed_out(alice, taken):
    assert alice.place("buy", "0.1", "30000", client_order_id="a").status_code == 201
    session = alice.user.sessions.get()
    end_session(alice.user, session.pk)
    for client_order_id in ("a", "b"):
        answer = alice.place("buy", "0.1", "30000", client_order_id=client_order_id)
        assert refusal(answer) == (401, "INVALID_TOKEN")
    assert taken == [("orders", "POST", 201)] and Order.objects.count() == 1


def test_the_use_of_a_session_is_noted_by_django_and_then_the_lane_goes_on(alice, taken):
    alice.place("buy", "0.1", "30000")
    alice.user.sessions.update(last_used_at=clock.now() - timedelta(minutes=2))
    assert [alice.place("buy", "0.1", "30000").status_code for _ in range(2)] == [201, 201]
    assert alice.user.sessions.get().last_used_at > clock.now() - timedelta(minutes=1)
    assert taken == [("orders", "POST", 201)] * 2


def test_another_tier_counts_from_the_next_request_on(alice, taken, limited, settings):
    limited(9)
    assert alice.place("buy", "0.1", "30000")["X-RateLimit-Limit"] == "9"
    settings.ORDER_LIMITS |= {"advanced": 99}
    User.objects.filter(pk=alice.user.pk).update(tier="advanced")
    assert alice.place("buy", "0.1", "30000")["X-RateLimit-Limit"] == "99"
    assert alice.place("buy", "0.1", "30000")["X-RateLimit-Limit"] == "99"
    assert taken == [("orders", "POST", 201)] * 2


def test_of_one_batch_only_who_may_not_any_more_is_refused(alice, bob):
    (one, other) = (remembered_bearer(issue_tokens(desk.user).access) for desk in (alice, bob))
    new = NewOrder("buy", "limit", quantity=Decimal("0.1"), price=Decimal(30000))
    User.objects.filter(pk=alice.user.pk).update(password="another")
    refused, placed = submit(
        "BTC-USDT", [PlaceRequest(who.account_id, new, bearer=who) for who in (one, other)]
    )
    assert (refused.code, placed.order.account_id) == (ErrorCode.INVALID_TOKEN, bob.account_id)


def test_what_fails_in_the_lane_is_done_by_django(alice, taken, monkeypatch):
    def fails(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("trading.api.fast_orders.remembered_bearer", fails)
    assert alice.place("buy", "0.1", "30000").status_code == 201
    assert taken == []


def test_an_order_that_may_have_been_carried_out_is_never_tried_again(alice, taken, monkeypatch):
    def fails(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("trading.api.fast_orders.place_order", fails)
    assert refusal(alice.place("buy", "0.1", "30000")) == (500, "INTERNAL_ERROR")
    assert taken == [("orders", "POST", 500)]


def test_with_tls_a_request_in_the_clear_is_left_to_django(alice, taken, settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    client = Client()
    assert client.get("/api/v1/ticker/BTC-USDT").status_code == 301
    alice.client.get("/api/v1/time")
    assert alice.client.post("/api/v1/orders", ORDER).status_code == 301
    assert taken == []
    assert alice.client.post("/api/v1/orders", ORDER, HTTP_X_FORWARDED_PROTO="https").status_code == 201
    assert taken == [("orders", "POST", 201)]


def test_a_signed_order_is_left_to_django(alice, taken):
    _, key, secret = create_api_key(alice.user, "bot", ["trade"])
    token = alice.client._credentials["HTTP_AUTHORIZATION"]
    bot = SigningClient(Signer(key, secret))
    assert bot.post("/api/v1/orders", ORDER).status_code == 201
    # Both at once are refused at either door: the lane may not take the token and let the signature be.
    bot = SigningClient(Signer(key, "wrong"), changed={"HTTP_AUTHORIZATION": token})
    assert refusal(bot.post("/api/v1/orders", ORDER)) == (401, "INVALID_SIGNATURE")
    assert refusal(bot.get("/api/v1/orderbook/BTC-USDT")) == (401, "INVALID_SIGNATURE")
    assert taken == [] and Order.objects.count() == 1
