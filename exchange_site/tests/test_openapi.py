"""The OpenAPI description is whole and true."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.tests.authenticator import App
from common import clock
from common.errors import ErrorCode
from exchange_site.tests.openapi import described, operations, schema, violations
from market.services import set_price
from risk.services import fund_lending
from trading.services import mark_prices
from trading.tests.api.desk import Desk, key_desk, person
from trading.tests.first_markets import lay_first_markets

# What was promised to clients, of what concerns spot trading.
CONTRACT = """
GET /api/v1/time
GET /api/v1/assets
GET /api/v1/markets
GET /api/v1/ticker
GET /api/v1/ticker/{symbol}
GET /api/v1/markets/{symbol}
GET /api/v1/markets/{symbol}/auction
GET /api/v1/orderbook/{symbol}
GET /api/v1/trades/{symbol}
POST /api/v1/trades/simulate-margin
POST /api/v1/trades/
GET /api/v1/trades/recent
GET /api/v1/trades/{trade_id}
GET /api/v1/klines/{symbol}
GET /api/v1/market/price/{symbol}
POST /api/v1/auth/register
POST /api/v1/auth/token
POST /api/v1/auth/token/refresh
POST /api/v1/auth/logout
POST /api/v1/auth/password
GET /api/v1/auth/sessions
DELETE /api/v1/auth/sessions
DELETE /api/v1/auth/sessions/{}
GET /api/v1/auth/two-factor
POST /api/v1/auth/two-factor/enrol
POST /api/v1/auth/two-factor/confirm
POST /api/v1/auth/two-factor/recovery-codes
POST /api/v1/auth/two-factor/disable
GET /api/v1/api-keys
POST /api/v1/api-keys
DELETE /api/v1/api-keys/{}
POST /api/v1/orders
POST /api/v1/orders/batch
POST /api/v1/orders/oco
POST /api/v1/orders/bracket
GET /api/v1/orders
GET /api/v1/orders/{}
PATCH /api/v1/orders/{}
DELETE /api/v1/orders/{}
POST /api/v1/orders/{}/cancel
DELETE /api/v1/orders
POST /api/v1/orders/cancel-after
GET /api/v1/fills
GET /api/v1/ledger
GET /api/v1/account
GET /api/v1/account/{}
GET /api/v1/margin
GET /api/v1/margin/loans
POST /api/v1/margin/transfer
POST /api/v1/margin/borrow
POST /api/v1/margin/repay
GET /api/v1/positions
GET /api/v1/leverage
POST /api/v1/leverage
POST /api/v1/positions/{symbol}/margin
POST /api/v1/positions/{symbol}/close
GET /api/v1/liquidations
GET /api/v1/exposure
GET /api/v1/kpi/system
GET /api/v1/kpi/trading
GET /api/v1/kpi/security
POST /api/v1/faucet
POST /api/v1/market/tick
POST /api/v1/markets/{symbol}/status
POST /api/v1/markets/{symbol}/halt
POST /api/v1/markets/{symbol}/resume
POST /api/v1/markets/halt-all
POST /api/v1/markets/resume-all
"""
ORDER_FIELDS = {
    "id", "client_order_id", "symbol", "side", "type", "time_in_force", "post_only", "price", "quantity",
    "quote_quantity", "self_trade_prevention", "status", "filled_quantity", "filled_cost", "average_price",
    "created_at", "updated_at", "reason", "reduce_only", "display_quantity", "trigger_price", "trigger_source",
    "expires_at",
    # Added to the contract:
    "trail_amount", "trail_percent", "link",
}  # fmt: skip


def unnamed(address):
    """An address without the names of its parameters."""
    return "/".join("{}" if part[:1] in "{<" and part else part for part in address.split("/"))


def test_it_is_valid_and_made_without_a_warning(tmp_path, capsys):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))
    assert "Warning" not in capsys.readouterr().err


def test_it_describes_every_address_and_no_other():
    def addresses(patterns, prefix="/"):
        for entry in patterns:
            if isinstance(entry, URLResolver):
                yield from addresses(entry.url_patterns, prefix + str(entry.pattern))
            elif isinstance(entry, URLPattern):
                yield prefix + str(entry.pattern)

    served = {unnamed(address) for address in addresses(get_resolver().url_patterns)}
    in_schema = {unnamed(address) for address in schema()["paths"]}
    assert {address for address in served if address.startswith("/api/v1/")} == in_schema


def test_it_describes_every_method_of_every_address(client):
    told = {}
    for method, address, _ in operations():
        told.setdefault(address, set()).add(method)
    for address, methods in told.items():
        path = address.format(symbol="BTC-USDT", reference="1", key_id=1, user_id=1, trade_id=1, session_id=1)
        view = client.generic("OPTIONS", path).resolver_match.func.cls
        served = {name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)}
        assert served == methods, address


def test_all_that_was_promised_is_there():
    promised = {unnamed(line) for line in CONTRACT.split("\n") if line}
    assert promised <= {unnamed(f"{method} {address}") for method, address, _ in operations()}


def test_orders_have_the_fields_that_were_promised():
    assert set(schema()["components"]["schemas"]["Order"]["properties"]) == ORDER_FIELDS


def test_every_operation_is_named_tagged_and_explained():
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))
    for method, address, operation in operations():
        assert operation["tags"] and operation.get("description"), (method, address)


def test_whatever_takes_a_token_takes_a_signature():
    signed = {"apiKey": [], "timestamp": [], "signature": []}
    for method, address, operation in operations():
        ways = operation.get("security", [])
        assert ({"bearer": []} in ways) == (signed in ways), (method, address)


def test_the_codes_of_errors_are_the_one_list():
    reference = schema()["components"]["schemas"]["Error"]["properties"]["code"]
    name = (reference.get("$ref") or reference["allOf"][0]["$ref"]).rpartition("/")[2]
    assert set(schema()["components"]["schemas"][name]["enum"]) == {code.name for code in ErrorCode}


class Checked:
    """A client that holds every answer against the description."""

    seen: set = set()

    def __init__(self, client):
        self.client = client

    def __call__(self, method, path, body=None, status=None):
        content = {} if body is None else {"data": body, "format": "json"}
        answer = getattr(self.client, method.lower())(f"/api/v1/{path}", **content)
        assert violations(method, f"/api/v1/{path}", answer) == []
        if status is not None:
            assert answer.status_code == status, answer.content
        self.seen.add((method, f"/api/v1/{path}".partition("?")[0], answer.status_code))
        return answer


@pytest.fixture
def exchange(transactional_db, settings):
    settings.RATE_LIMIT_ENABLED = False
    lay_first_markets()
    set_price("BTC-USDT", Decimal(50_000), "simulation")
    mark_prices()


def an_order(side="buy", **changes):
    return {
        "symbol": "BTC-USDT",
        "side": side,
        "type": "limit",
        "quantity": "0.5",
        "price": "30000",
    } | changes


def test_every_answer_is_as_described(exchange):
    """One session of a maker, a taker, a stranger and the staff, through every operation."""
    Checked.seen = set()
    alice, bob, stranger = Desk(person("alice")), Checked(Desk(person("bob")).client), Checked(Desk().client)
    admin = Checked(Desk(person("admin", funds={}, is_staff=True)).client)
    maker = Checked(alice.client)
    market_data(stranger)  # an empty market
    trade(maker, bob)
    wait(maker)
    market_data(stranger)
    lists(maker)
    contracts(maker, taker=bob)
    on_margin(bob)
    errors(maker, bob, Checked(key_desk(alice.user, "read").client))
    staff(admin, alice.user.pk)
    identity(stranger)
    assert {(method, address) for method, address, _ in operations()} <= {
        (method, described(method, path)[0]) for method, path, status in Checked.seen if status < 300
    }


def on_margin(ask):
    pool, treasurer = Decimal(1_000_000), person("treasurer", funds={}, is_staff=True)
    fund_lending("USDT", pool, "for lending", treasurer)
    ask("GET", "margin", status=200)
    ask("POST", "margin/transfer", {"asset": "USDT", "amount": "1000", "to": "margin"}, 200)
    ask("POST", "margin/borrow", {"asset": "USDT", "amount": "4000"}, 200)
    ask("POST", "margin/borrow", {"asset": "USDT", "amount": "1"}, 422)
    ask("POST", "margin/repay", {"asset": "USDT", "amount": "100"}, 200)
    ask("GET", "margin", status=200)
    ask("GET", "margin/loans", status=200)
    ask("GET", "ledger?account=margin", status=200)


def market_data(ask):
    for path in ("time", "assets", "markets", "ticker", "ticker/BTC-USDT", "orderbook/BTC-USDT", "trades/BTC-USDT",
                 "klines/BTC-USDT?interval=1s", "market/price/BTC-USDT", "market/price/BTC-PERP",
                 "funding/BTC-PERP"):  # fmt: skip
        ask("GET", path, status=200)


def trade(maker, taker):
    first = maker("POST", "orders", an_order(client_order_id="one"), 201).json()
    maker("POST", "orders", an_order(client_order_id="one"), 200)
    maker("POST", "orders", an_order("sell", price="31000", post_only=True), 201)
    taker("POST", "orders", an_order("sell", quantity="0.2", time_in_force="ioc"), 201)
    by_cost = {"symbol": "BTC-USDT", "side": "buy", "type": "market", "quote_quantity": "1000"}
    taker("POST", "orders", by_cost, 201)
    maker("GET", f"orders/{first['id']}", status=200)
    maker("PATCH", "orders/client:one", {"quantity": "0.4"}, 200)
    mixed = {
        "orders": [
            an_order(price="29000"),
            an_order(price="1e5"),
            an_order("sell", quantity="90", price="32000"),
            None,
        ]
    }
    results = maker("POST", "orders/batch", mixed, 200).json()["results"]
    assert [list(result) for result in results] == [["order"], ["error"], ["error"], ["error"]]
    maker("POST", "orders/batch", [an_order(price="1000")], 200)
    maker("DELETE", "orders/client:one", status=200)
    maker("POST", f"orders/{results[0]['order']['id']}/cancel", status=200)
    maker("POST", "orders/cancel-after", {"timeout_ms": 60_000}, 200)
    maker("POST", "orders/cancel-after", {"timeout_ms": 0}, 200)


def wait(ask):
    """Orders that wait for a price, for their entry, or for the end of their time."""
    later = clock.to_ms(clock.now()) + 3_600_000
    stop = {"type": "stop_market", "trigger_price": "25000"}
    gain = {
        "type": "limit",
        "price": "40000",
        "time_in_force": "gtd",
        "expires_at": later,
        "client_order_id": "gain",
    }
    pair = {"symbol": "BTC-USDT", "side": "sell", "quantity": "0.1", "take_profit": gain, "stop_loss": stop}
    ask("POST", "orders/oco", pair, 201)
    ask("POST", "orders/oco", pair, 200)
    ask("POST", "orders/oco", {**pair, "stop_loss": None}, 400)
    trail = {"type": "trailing_stop", "trail_percent": "2"}
    entry = {"type": "limit", "side": "buy", "quantity": "0.1", "price": "27000", "client_order_id": "entry"}
    ask("POST", "orders/bracket", {"symbol": "BTC-USDT", "entry": entry, "stop_loss": trail}, 201)
    ask("POST", "orders/bracket", {"symbol": "BTC-USDT", "entry": entry}, 400)
    ask("PATCH", "orders/client:entry", {"quantity": "0.2"}, 200)
    ask("PATCH", "orders/client:gain", {"price": "41000"}, 422)
    ask("POST", "orders", an_order("sell", **stop | {"type": "stop_limit", "price": "24000"}), 201)
    ask("POST", "orders", an_order("sell", price="40000", display_quantity="0.01"), 201)
    ask("GET", "orders?status=active", status=200)


def lists(ask):
    for path in ("orders", "orders?limit=1", "orders?status=expired", "fills", "fills?limit=1", "ledger",
                 "ledger?limit=1", "account"):  # fmt: skip
        ask("GET", path, status=200)
    ask("DELETE", "orders", status=200)
    ask("POST", "faucet", status=200)


def contracts(ask, taker):
    asked = {"symbol": "BTC-PERP", "side": "long", "size": "0.1", "price": "50000.00", "leverage": 10}
    ask("POST", "trades/simulate-margin", asked, 200)
    ask("POST", "trades/simulate-margin", asked | {"leverage": 1}, 200)
    ask("POST", "trades/simulate-margin", asked | {"symbol": "BTC-USDT"}, 422)
    order = {"symbol": "BTC-PERP", "side": "long", "size": "0.1"}
    ask("POST", "trades/", order | {"price": "50000", "client_order_id": "long"}, 201)
    ask("POST", "trades/", order | {"price": "50000", "client_order_id": "long"}, 200)
    [trade_id] = taker("POST", "trades/", order | {"side": "short"}, 201).json()["trade"]["ids"]
    for path in (f"trades/{trade_id}", "trades/recent", "trades/recent?symbol=BTC-PERP&limit=1"):
        ask("GET", path, status=200)
    ask("GET", "trades/0", status=404)
    ask("GET", "trades/recent?limit=0", status=400)
    positions(ask, taker, order)


def positions(ask, taker, order):
    [own] = ask("GET", "positions", status=200).json()["results"]
    assert own["side"] == "long"
    ask("GET", "account", status=200)
    ask("GET", "positions?symbol=BTC-USDT", status=422)
    ask("GET", "liquidations", status=200)
    ask("GET", "leverage?symbol=BTC-PERP", status=200)
    ask("GET", "leverage?symbol=ETH-PERP", status=404)
    ask("POST", "leverage", {"symbol": "BTC-PERP", "leverage": 4}, 200)
    ask("POST", "leverage", {"symbol": "BTC-PERP", "leverage": 6}, 422)
    ask("POST", "leverage", {"symbol": "BTC-PERP", "leverage": 5, "mode": "isolated"}, 409)
    ask("POST", "positions/BTC-PERP/margin", {"amount": "10", "direction": "add"}, 404)
    taker("POST", "trades/", order | {"price": "50000"}, 201)
    ask("POST", "positions/BTC-PERP/close", {"client_order_id": "out"}, 201)
    ask("POST", "positions/ETH-PERP/close", status=404)
    ask("POST", "leverage", {"symbol": "BTC-PERP", "leverage": 5, "mode": "isolated"}, 200)
    ask("POST", "trades/", order | {"price": "50000"}, 201)
    taker("POST", "trades/", order | {"side": "short"}, 201)
    ask("POST", "positions/BTC-PERP/margin", {"amount": "10", "direction": "add"}, 200)
    ask("GET", "positions", status=200)


def errors(ask, other, reader):
    ask("GET", "orders?limit=0", status=400)
    ask("GET", "orders?symbol=NO-SUCH", status=404)
    ask("GET", "account/0", status=403)
    ask("POST", "orders", [], 400)
    ask("POST", "orders", an_order(quantity="900"), 422)
    ask("POST", "orders", an_order(symbol="NO-SUCH"), 404)
    ask("PATCH", "orders/client:one", {"quantity": "1"}, 409)
    other("DELETE", "orders/client:one", status=404)
    ask("POST", "orders/batch", {}, 400)
    ask("POST", "orders/cancel-after", {}, 400)
    reader("POST", "orders", an_order(), 403)
    reader("DELETE", "orders", status=403)


def staff(ask, user_id):
    ask("GET", f"account/{user_id}", status=200)
    ask("GET", "account/0", status=404)
    ask("GET", "exposure", status=200)
    ask("POST", "market/tick", status=200)
    call_command("roll_up_kpis", stdout=StringIO())
    for name in ("system", "trading", "security"):
        ask("GET", f"kpi/{name}", status=200)
    ask("GET", "kpi/system?window=2h", status=400)
    ask("POST", "market/price", {"symbol": "BTC-USDT", "price": "60000"}, 200)
    ask("POST", "market/price", {"symbol": "BTC-PERP", "price": "60000"}, 409)
    ask("POST", "market/price", {"symbol": "BTC-USDT", "price": "0.001"}, 422)
    ask("POST", "markets/BTC-USDT/halt", status=200)
    ask("POST", "markets/BTC-USDT/resume", {"auction_seconds": 60}, 200)
    ask("GET", "markets/BTC-USDT", status=200)
    ask("GET", "markets/BTC-USDT/auction", status=200)
    ask("POST", "markets/BTC-USDT/status", {"status": "open", "auction_seconds": 0}, 200)
    ask("POST", "markets/BTC-USDT/status", {"status": "halted", "auction_seconds": 0}, 400)
    ask("POST", "markets/BTC-USDT/resume", status=200)
    ask("GET", "markets/NO-SUCH", status=404)
    ask("GET", "markets/NO-SUCH/auction", status=404)
    ask("POST", "markets/NO-SUCH/halt", status=404)
    ask("POST", "markets/halt-all", {"reason": "a drill"}, 200)
    ask("POST", "markets/halt-all", {"reason": 5}, 400)
    ask("POST", "markets/resume-all", status=200)


def identity(ask):
    credentials = {"username": "dora", "password": "the-tulip-of-1637"}
    ask("POST", "auth/register", credentials | {"email": "dora@example.com"}, 201)
    ask("POST", "auth/register", credentials | {"email": "dora@example.com"}, 409)
    first = ask("POST", "auth/token", credentials, 200).json()
    ask("POST", "auth/token", credentials | {"password": "wrong"}, 401)
    second = ask("POST", "auth/token/refresh", {"refresh": first["refresh"]}, 200).json()
    dora = Checked(Desk(access=second["access"]).client)
    key = dora("POST", "api-keys", {"name": "bot", "scopes": ["read"]}, 201).json()
    dora("GET", "api-keys", status=200)
    dora("DELETE", f"api-keys/{key['id']}", status=204)
    dora("DELETE", f"api-keys/{key['id']}", status=404)
    sessions(ask, dora, credentials)
    second_factor(ask, dora, credentials)
    third = a_new_password(dora, credentials["password"])
    ask("POST", "auth/logout", {"refresh": third["refresh"]}, 204)


def sessions(ask, dora, credentials):
    ask("POST", "auth/token", credentials, 200)
    newest = dora("GET", "auth/sessions", status=200).json()["results"][0]
    dora("DELETE", f"auth/sessions/{newest['id']}", status=204)
    dora("DELETE", f"auth/sessions/{newest['id']}", status=404)
    dora("DELETE", "auth/sessions", status=200)


def a_new_password(dora, old):
    asked = {"current_password": old, "new_password": "the-tulip-of-1638"}
    dora("POST", "auth/password", asked | {"current_password": "wrong"}, 401)
    dora("POST", "auth/password", asked | {"new_password": "x"}, 400)
    return dora("POST", "auth/password", asked, 200).json()


def second_factor(ask, dora, credentials):
    password = {"password": credentials["password"]}
    dora("POST", "api-keys", {"name": "bot", "scopes": ["withdraw"]}, 403)
    seed = dora("POST", "auth/two-factor/enrol", password, 200).json()
    app = App(seed["secret"])
    dora("POST", "auth/two-factor/confirm", {"otp": "x"}, 403)
    codes = dora("POST", "auth/two-factor/confirm", {"otp": app.code()}, 200).json()["recovery_codes"]
    dora("GET", "auth/two-factor", status=200)
    ask("POST", "auth/token", credentials, 403)
    ask("POST", "auth/token", credentials | {"otp": codes[0]}, 200)
    codes = dora("POST", "auth/two-factor/recovery-codes", password | {"otp": codes[1]}, 200).json()[
        "recovery_codes"
    ]
    dora("POST", "auth/two-factor/enrol", password, 409)
    dora("POST", "auth/two-factor/disable", password, 403)
    dora("POST", "auth/two-factor/disable", password | {"otp": codes[0]}, 204)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [(b"{", "application/json"), (b"x=1", "text/plain"), (b" " * 1_048_577, "application/json")],
)
def test_bad_bodies_are_answered_as_described(exchange, content, content_type):
    admin = Desk(person("admin", is_staff=True)).client
    for method, address, _ in operations():
        if method in ("POST", "PATCH"):
            path = address.format(
                symbol="BTC-USDT", reference="1", key_id=1, user_id=1, trade_id=1, session_id=1
            )
            answer = admin.generic(method, path, content, content_type=content_type)
            assert answer.status_code in (400, 413, 415), (address, answer.content)
            assert violations(method, path, answer) == []


def test_strangers_are_answered_as_described(exchange):
    for method, address, operation in operations():
        path = address.format(symbol="BTC-USDT", reference="1", key_id=1, user_id=1, trade_id=1, session_id=1)
        answer = Desk().client.generic(method, path)
        private = {} not in operation.get("security", [{}])
        assert (answer.status_code == 401) == private, (method, address)
        assert violations(method, path, answer) == []
