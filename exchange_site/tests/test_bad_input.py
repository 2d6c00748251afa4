"""Nothing that a client sends gives a 5xx, and what is refused leaves no trace.

What is sent follows from the OpenAPI description: every field, query parameter and part of an address of every
operation gets every evil value.
"""

import gzip
import json
from urllib.parse import quote

import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.services import issue_tokens
from common import clock
from exchange_site.tests.openapi import operations, schema
from trading.models import Order
from trading.services import refresh_prices
from trading.tests.api.desk import Desk, person
from trading.tests.first_markets import lay_first_markets

# JSON texts, not values: some of them no encoder would write.
EVIL_VALUES = [
    "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e-999", "-1", "-0", "0", "0.1", "1.0", "9" * 40, "9" * 5000,
    "null", "true", "[]", "{}", "[[]]", '[null]', '{"a": 1}', "[" * 10_000 + "]" * 10_000,
    '{"a":' * 40 + "1" + "}" * 40,
    '""', '" "', '"-1"', '"+1"', '"1e5"', '"1E+2"', '"0x10"', '"0b1"', '"1_000"', '"1,000"', '"01"', '"1."', '".5"',
    '" 5 "', '"5\\n"', '"NaN"', '"Infinity"', '"-0"', '"0"', '"0.0"', '"0.0000000000000000001"', '"1e-7"',
    '"' + "9" * 40 + '"', '"' + "9" * 19 + "." + "9" * 18 + '"', '"0.' + "0" * 17 + '1"',
    '"\\u0661\\u0662"', '"\u0661\u0662"', '"\uff11"', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udc00\\ud800"',
    '"\U0001f4a5"', '"\\u202e"', '"\\ufeff1"', '"' + "x" * 100_000 + '"', '"\' OR 1=1 --"', '"<script>"', '"../../etc"',
    '"None"', '"BTC-USDT"', '"client:x"',
]  # fmt: skip
EVIL_TEXTS = [
    "", " ", "-1", "0", "+1", "1e5", "1.0", "NaN", "Infinity", "0x10", "1_000", " 5 ", "١٢", "9" * 19, "9" * 40,
    "9" * 5000, "x" * 5000, "💥", "\x00", "a\x00b", "\r\nX-Evil: 1", "' OR 1=1 --", "../..", "[]", "null", "true",
    "\u202e", "\ufeff", "client:", "client:\x00", "BTC-USDT\n", "btc-usdt", "%", "%zz",
]  # fmt: skip
EVIL_BYTES = ["%FF", "%ED%A0%80", "%C0%80", "%F0%9F"]  # not UTF-8
EVIL_BODIES = [
    b"", b" ", b"null", b"[]", b'"text"', b"7", b"true", b"{", b"}", b"{]", b'{"a" 1}', b"{'a': 1}", b"NaN", b"[NaN]",
    b'{"a": 1, "a": 2}', b"\xff", b'{"a": "\xff"}', b"\xef\xbb\xbf{}", '{"a": 1}'.encode("utf-16"), b"\x00", b"{}{}",
    b'{"code": 1}', b'{"message": 1}', b'{"self": 1}', b'{"\\u0000": 1}', b'{"\\ud800": 1}', b'{"": 1}',
    b'{"__proto__": {}, "constructor": 1}', b"[" * 100_000, b'{"a":' * 10_000, b" " * 2**21, b'"' + b"x" * 2**21 + b'"',
    gzip.compress(b"{}"), b"symbol=BTC-USDT&side=buy", json.dumps({f"x{n}": n for n in range(5000)}).encode(),
]  # fmt: skip
EVIL_TYPES = [
    "", "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data",
    "multipart/form-data; boundary=x", "nonsense", "application/" + "j" * 5000,
]  # fmt: skip

ORDER = {
    "symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": "30000", "quantity": "0.001", "time_in_force": "gtc",
    "post_only": False, "self_trade_prevention": "cancel_newest",
}  # fmt: skip
# A good body of each operation that takes one; the evil value takes the place of one field.
GOOD = {
    "place_order": ORDER,
    "place_orders": {"orders": [ORDER]},
    "place_oco": {
        "symbol": "BTC-USDT",
        "side": "sell",
        "quantity": "0.001",
        "take_profit": {"type": "limit", "price": "40000"},
        "stop_loss": {"type": "stop_market", "trigger_price": "10000"},
    },
    "place_bracket": {
        "symbol": "BTC-USDT",
        "entry": {key: value for key, value in ORDER.items() if key != "symbol"},
        "take_profit": {"type": "limit", "price": "40000"},
        "stop_loss": {"type": "trailing_stop", "trail_percent": "5"},
    },
    "simulate_margin": {
        "symbol": "BTC-PERP",
        "side": "long",
        "size": "0.1",
        "price": "50000.00",
        "leverage": 10,
    },
    "set_leverage": {"symbol": "BTC-PERP", "leverage": 5, "mode": "cross"},
    "move_margin": {"amount": "10", "direction": "add"},
    "close_position": {"client_order_id": "out"},
    "place_trade": {"symbol": "BTC-PERP", "side": "long", "size": "0.1", "price": "30000"},
    "move_price": {"symbol": "BTC-USDT", "price": "60000", "reason": "a lesson"},
    "margin_transfer": {"asset": "USDT", "amount": "5", "to": "margin"},
    "margin_borrow": {"asset": "USDT", "amount": "5"},
    "margin_repay": {"asset": "USDT", "amount": "5"},
    "resume_market": {"auction_seconds": 0},
    "suspend_matching": {"reason": "a drill"},
    "resume_matching": {"reason": "the drill is over"},
    "set_market_status": {"status": "open", "auction_seconds": 0},
    "amend_order": {"price": "29000", "quantity": "0.5"},
    "cancel_after": {"timeout_ms": 60_000},
    "auth_register": {"username": "dora", "email": "dora@example.com", "password": "the-tulip-of-1637"},
    "auth_token": {"api_key": "no-such-key"},
    "auth_token_refresh": {"refresh": "no-such-token"},
    "auth_logout": {"refresh": "no-such-token"},
    "auth_password": {"current_password": "wrong", "new_password": "the-tulip-of-1638", "otp": "123456"},
    "two_factor_enrol": {"password": "wrong"},
    "two_factor_confirm": {"otp": "123456"},
    "two_factor_recovery_codes": {"password": "wrong", "otp": "123456"},
    "two_factor_disable": {"password": "wrong", "otp": "123456"},
    "api_keys_create": {"name": "bot", "scopes": ["read"], "allowed_addresses": [], "expires_at": None},
}
MEANT_LITERALLY = {
    "price", "quantity", "quote_quantity", "display_quantity", "trigger_price", "trigger_source", "trail_amount",
    "trail_percent",
}  # fmt: skip
WITHOUT_A_BODY = [
    "faucet",
    "market_tick",
    "halt_market",
    "cancel_order_by_post",
    "cancel_all_orders",
]
PLACES = {
    "symbol": "BTC-USDT",
    "reference": "client:resting",
    "key_id": "1",
    "user_id": "1",
    "trade_id": "1",
    "session_id": "0",
}
TABLES = [
    "trading_order", "trading_ordercondition", "trading_orderevent", "trading_trade", "trading_bookstate",
    "trading_cancelafter", "market_market",
    "risk_loan", "risk_interestcharge",
    "risk_position", "risk_contract", "risk_exposuretotal",
    "accounts_balance", "accounts_posting", "accounts_ledgertransaction", "accounts_user", "accounts_apikey",
    "otp_totp_totpdevice", "otp_static_staticdevice", "otp_static_statictoken",
]  # fmt: skip
_FINGERPRINT = " UNION ALL ".join(
    f"SELECT '{table}', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {table} t"
    for table in TABLES
)


def fingerprint():
    """Of every row that matters."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_FINGERPRINT} ORDER BY 1")
        return cursor.fetchall()


class Hostile:
    """Sends anything as a staff member with money, and checks what comes back."""

    def __init__(self):
        self.user = person("mallory", is_staff=True)
        self.desk = Desk(self.user)
        self.desk.buys("1", "20000", client_order_id="resting")
        self.state = fingerprint()

    def sends(self, method, path, body=b"", content_type="application/json", **headers):
        answer = self.desk.client.generic(method, path, body, content_type=content_type, **headers)
        said = (method, path[:100], body[:100], content_type[:100], answer.status_code, answer.content[:300])
        assert answer.status_code < 500, said
        if answer.status_code >= 400:
            assert answer["Content-Type"] == "application/json", said
            shape = answer.json()
            assert set(shape) == {"code", "message", "details"} and isinstance(shape["details"], dict), said
            assert fingerprint() == self.state, said
        else:
            self.state = fingerprint()
        return answer


@pytest.fixture
def hostile(transactional_db, settings):
    settings.RATE_LIMIT_ENABLED = False
    lay_first_markets()
    refresh_prices()
    return Hostile()


def resolved(rules):
    return schema()["components"]["schemas"][rules["$ref"].rpartition("/")[2]] if "$ref" in rules else rules


def bodies():
    """(method, address, operation id, fields) of each operation that takes a body."""
    for method, address, operation in operations():
        if "requestBody" in operation:
            rules = resolved(operation["requestBody"]["content"]["application/json"]["schema"])
            rules = resolved(rules["oneOf"][0]) if "oneOf" in rules else rules
            yield method, address, operation["operationId"], list(rules["properties"])


def parameters(where):
    for method, address, operation in operations():
        for parameter in operation.get("parameters", []):
            if parameter["in"] == where:
                yield method, address, parameter["name"]


def test_there_is_a_good_body_for_every_operation_that_takes_one():
    assert {operation_id for _, _, operation_id, _ in bodies()} == set(GOOD)
    writing = {operation["operationId"] for method, _, operation in operations() if method == "POST"}
    assert writing <= set(GOOD) | set(WITHOUT_A_BODY)


@pytest.mark.parametrize(
    ("method", "address", "operation_id", "fields"), list(bodies()), ids=lambda value: str(value)[:40]
)
def test_evil_values_in_each_field(hostile, method, address, operation_id, fields):
    for field in fields:
        others = {name: value for name, value in GOOD[operation_id].items() if name != field}
        start = json.dumps(others)[:-1] + (", " if others else "")
        for value in EVIL_VALUES:
            body = f'{start}"{field}": {value}}}'.encode("utf-8", "surrogatepass")
            answer = hostile.sends(method, address.format(**PLACES), body)
            if field in MEANT_LITERALLY and value != "null":
                assert answer.status_code in (400, 422), (field, value[:60])


@pytest.mark.parametrize(
    ("address", "leg"), [("oco", "take_profit"), ("bracket", "stop_loss"), ("bracket", "entry")]
)
def test_evil_values_in_each_field_of_a_leg(hostile, address, leg):
    good = GOOD[f"place_{address}"]
    name = {"take_profit": "TakeProfit", "stop_loss": "StopLoss", "entry": "Entry"}[leg]
    start = json.dumps({key: value for key, value in good.items() if key != leg})[:-1]
    for field in schema()["components"]["schemas"][f"{name}Request"]["properties"]:
        others = json.dumps({key: value for key, value in good[leg].items() if key != field})[:-1]
        for value in EVIL_VALUES:
            body = f'{start}, "{leg}": {others}, "{field}": {value}}}}}'.encode("utf-8", "surrogatepass")
            answer = hostile.sends("POST", f"/api/v1/orders/{address}", body)
            if field in MEANT_LITERALLY and value != "null":
                assert answer.status_code in (400, 422), (field, value[:60])


def test_evil_bodies(hostile):
    whole = [
        (method, address)
        for method, address, operation in operations()
        if method in ("POST", "PATCH", "DELETE")
    ]
    for method, address in whole:
        for body in EVIL_BODIES:
            hostile.sends(method, address.format(**PLACES), body)
        hostile.sends(method, address.format(**PLACES), gzip.compress(b"{}"), HTTP_CONTENT_ENCODING="gzip")


def test_evil_content_types(hostile):
    for method, address, operation_id, _ in bodies():
        for content_type in EVIL_TYPES:
            body = json.dumps(GOOD[operation_id]).encode()
            answer = hostile.sends(method, address.format(**PLACES), body, content_type)
            assert answer.status_code in (400, 415), (content_type, answer.content)


@pytest.mark.parametrize("where", ["path", "query"])
def test_evil_parameters(hostile, where):
    for method, address, name in set(parameters(where)):
        for value in [quote(text, safe="") for text in EVIL_TEXTS] + EVIL_BYTES:
            places = PLACES | ({name: value} if where == "path" else {})
            query = f"?{name}={value}&{name}={value}" if where == "query" else ""
            hostile.sends(method, address.format(**places) + query)


def test_evil_query_strings(hostile):
    for method, address, _ in operations():
        if method == "GET":
            for query in (
                "&&&===",
                "a[]=1",
                "%00",
                "%FF=%FF",
                "=",
                "limit",
                "x=" * 2000,
                "&".join(["a=1"] * 2000),
            ):
                hostile.sends(method, f"{address.format(**PLACES)}?{query}")


def test_evil_headers(hostile):
    for headers in (
        {"HTTP_AUTHORIZATION": "Bearer"},
        {"HTTP_AUTHORIZATION": "Bearer \x00"},
        {"HTTP_AUTHORIZATION": "Bearer \xff\xfe"},
        {"HTTP_AUTHORIZATION": "Bearer " + "x" * 50_000},
        {"HTTP_AUTHORIZATION": "Bearer a.b.c"},
        {"HTTP_AUTHORIZATION": "Bearer eyJhbGciOiJub25lIn0.eyJ1c2VyX2lkIjoxfQ."},
        {"HTTP_AUTHORIZATION": f"Bearer {issue_tokens(hostile.user).access}x"},
        {
            "HTTP_AUTHORIZATION": "",
            "HTTP_X_API_KEY": "\x00",
            "HTTP_X_TIMESTAMP": "\xff",
            "HTTP_X_SIGNATURE": "\xff",
        },
        {"HTTP_AUTHORIZATION": "", "HTTP_X_API_KEY": "x" * 50_000, "HTTP_X_TIMESTAMP": "9" * 5000},
        {
            "HTTP_AUTHORIZATION": "",
            "HTTP_X_SIGNATURE": "x",
            "HTTP_X_TIMESTAMP": str(clock.to_ms(clock.now())),
            "HTTP_X_RECV_WINDOW": "\x00",
        },
        {
            "HTTP_AUTHORIZATION": "",
            "HTTP_X_API_KEY": "\udcff",
            "HTTP_X_TIMESTAMP": str(clock.to_ms(clock.now())),
            "HTTP_X_SIGNATURE": "é" * 64,
        },
        {"HTTP_COOKIE": "sessionid=\x00; csrftoken=\xff"},
        {"HTTP_ACCEPT": "application/xml"},
        {"HTTP_ACCEPT": "x" * 5000},
        {"HTTP_HOST": "evil.example"},
        {"HTTP_HOST": "a b"},
        {"HTTP_X_REAL_IP": "\xff"},
        {"HTTP_X_FORWARDED_FOR": "x" * 5000},
        {"HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE"},
        {"HTTP_IF_MODIFIED_SINCE": "x"},
    ):
        for method, path in (("GET", "/api/v1/account"), ("POST", "/api/v1/orders")):
            hostile.sends(method, path, b"", **headers)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**6, places=5).map(str),
    st.sampled_from(["buy", "sell", "limit", "ioc", "fok", "gtc", "BTC-USDT", "ETH-USDT", "30000", "0.01", "mark"]),
)  # fmt: skip
ORDERS = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.just(value) | VALUES for name, value in ORDER.items()},
        "quote_quantity": VALUES,
        "client_order_id": st.text(max_size=70) | st.uuids().map(str),
        **dict.fromkeys(("display_quantity", "trigger_price", "trigger_source", "trail_percent"), VALUES),
        "type": st.sampled_from(Order.Type.values),
        "side": st.sampled_from(["buy", "sell"]),
    },
)
ANYTHING = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner)
)


@given(body=ORDERS | st.builds(lambda good, bad: {**good, **bad}, st.just(ORDER), ORDERS) | ANYTHING)
@hypothesis_settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_json_is_posted_as_an_order(hostile, body):
    answer = hostile.sends("POST", "/api/v1/orders", json.dumps(body).encode())
    assert answer.status_code in (200, 201, 400, 404, 422), (body, answer.content)
