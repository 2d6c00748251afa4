"""What counts in which counter, by either door."""

import pytest
import redis
from django.test import Client

from accounts.services import revoke_api_key
from common.meters import rate_limit_hits
from common.tests.minute import endless_minute
from trading.models import Order
from trading.tests.api.desk import Desk, key_desk, refusal

ORDER = {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": "30000", "quantity": "0.1"}
OCO = {
    "symbol": "BTC-USDT", "side": "sell", "quantity": "0.1",
    "take_profit": {"type": "limit", "price": "40000"},
    "stop_loss": {"type": "stop_market", "trigger_price": "20000"},
}  # fmt: skip
BRACKET = {
    "symbol": "BTC-USDT",
    "entry": {"side": "buy", "type": "limit", "quantity": "0.1", "price": "30000"},
    "take_profit": {"type": "limit", "price": "40000"},
}


@pytest.fixture
def limits(limits_off, settings, monkeypatch):
    """`limits(requests=3, orders=2, cancels=5, address=100)`: of every tier, in a minute that does not end."""

    def limits(requests=1000, orders=1000, cancels=1000, address=10_000):
        endless_minute(settings, monkeypatch)
        settings.REQUEST_LIMITS = dict.fromkeys(settings.REQUEST_LIMITS, requests)
        settings.ORDER_LIMITS = dict.fromkeys(settings.ORDER_LIMITS, orders)
        settings.CANCEL_LIMITS = dict.fromkeys(settings.CANCEL_LIMITS, cancels)
        settings.ADDRESS_LIMIT = address

    return limits


def left(answer):
    return answer["X-RateLimit-Scope"], int(answer["X-RateLimit-Remaining"])


def hits(scope):
    return rate_limit_hits.labels(scope)._value.get()


# ---- orders, cancels and all else ----


def test_orders_are_counted_apart_from_requests(alice, limits):
    limits(requests=3, orders=2)
    assert [left(alice.post("orders", ORDER)) for _ in range(2)] == [("orders", 1), ("orders", 0)]
    refused = alice.post("orders", ORDER)
    assert refusal(refused) == (429, "RATE_LIMITED") and left(refused) == ("orders", 0)
    assert refused["Retry-After"] == refused["X-RateLimit-Reset"]
    assert left(alice.get("account")) == ("requests", 2)


def test_who_is_out_of_orders_and_of_requests_can_still_cancel(alice, limits):
    order, other = alice.buys("0.1", "30000"), alice.buys("0.1", "30000")
    limits(requests=1, orders=1)
    assert [alice.get("account").status_code for _ in range(2)] == [200, 429]
    assert [alice.post("orders", ORDER).status_code for _ in range(2)] == [201, 429]
    assert left(alice.delete(f"orders/{order['id']}")) == ("cancels", 999)
    assert left(alice.post(f"orders/{other['id']}/cancel", {})) == ("cancels", 998)
    assert left(alice.delete("orders")) == ("cancels", 997)
    assert left(alice.post("orders/cancel-after", {"timeout_ms": 0})) == ("cancels", 996)


def test_cancels_have_a_limit_too(alice, limits):
    limits(cancels=1)
    assert [alice.delete("orders").status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("address", "body", "weight"),
    [
        ("orders/batch", [ORDER] * 7, 7),
        ("orders/batch", {"orders": [ORDER, {"bad": 1}]}, 2),
        ("orders/batch", [], 1),
        ("orders/batch", [ORDER] * 101, 1),
        ("orders/batch", {"orders": 7}, 1),
        ("orders/oco", OCO, 2),
        ("orders/oco", {}, 2),
        ("orders/bracket", BRACKET, 2),
        ("orders/bracket", BRACKET | {"stop_loss": {"type": "stop_market", "trigger_price": "20000"}}, 3),
        ("orders/bracket", [], 1),
        ("trades/", {"symbol": "BTC-USDT", "side": "buy", "size": "0.1", "price": "30000"}, 1),
        ("positions/BTC-PERP/close", {}, 1),
    ],
    ids=str,
)
def test_each_order_counts_however_it_comes(alice, limits, address, body, weight):
    limits(orders=100)
    assert left(alice.post(address, body)) == ("orders", 100 - weight)


def test_a_change_of_an_order_counts_as_an_order(alice, limits):
    order = alice.buys("0.1", "30000")
    limits()
    assert left(alice.patch(f"orders/{order['id']}", {"quantity": "0.05"})) == ("orders", 999)


def test_a_batch_that_does_not_fit_is_refused_whole_and_costs_nothing(alice, limits):
    limits(orders=5)
    refused = alice.post("orders/batch", [ORDER] * 6)
    assert refusal(refused) == (429, "RATE_LIMITED") and left(refused) == ("orders", 5)
    assert refused.json()["details"] | {"retry_after": 0} == {
        "scope": "orders", "limit": 5, "weight": 6, "retry_after": 0,
    }  # fmt: skip
    assert Order.objects.count() == 0
    assert left(alice.post("orders/batch", [ORDER] * 5)) == ("orders", 0)
    assert Order.objects.count() == 5


def test_a_batch_that_cannot_be_read_counts_as_one_order(alice, limits):
    limits()
    answer = alice.client.generic("POST", "/api/v1/orders/batch", b"[{", "application/json")
    assert refusal(answer) == (400, "BAD_REQUEST") and left(answer) == ("orders", 999)


# ---- weights ----


@pytest.mark.parametrize(
    ("address", "weight"),
    [
        ("time", 1),
        ("orderbook/BTC-USDT", 1),
        ("orderbook/BTC-USDT?depth=100", 1),
        ("orderbook/BTC-USDT?depth=101", 2),
        ("orderbook/BTC-USDT?depth=1000", 10),
        ("orderbook/BTC-USDT?depth=1001", 1),
        ("orderbook/BTC-USDT?depth=-5", 1),
        ("orderbook/BTC-USDT?depth=500&format=json", 5),
        ("klines/BTC-USDT?limit=240", 3),
        ("trades/BTC-USDT?limit=1000", 10),
        ("trades/recent?limit=%D9%A1", 1),
    ],
)
def test_who_asks_for_more_pays_more(markets, limits, address, weight):
    limits(requests=100)
    assert left(Desk().client.get(f"/api/v1/{address}")) == ("requests", 100 - weight)


def test_asking_for_the_head_alone_costs_the_same(markets, limits):
    limits(requests=100)
    assert left(Desk().client.head("/api/v1/klines/BTC-USDT?limit=1000")) == ("requests", 90)


def test_a_request_that_is_too_heavy_leaves_room_for_a_lighter_one(markets, limits):
    limits(requests=5)
    stranger = Desk()
    assert stranger.get("orderbook/BTC-USDT", depth=1000).status_code == 429
    assert left(stranger.get("orderbook/BTC-USDT", depth=500)) == ("requests", 0)


# ---- whom it counts for ----


def test_each_key_has_counters_of_its_own(alice, limits):
    one, other = key_desk(alice.user, "read"), key_desk(alice.user, "read")
    limits(requests=1)
    assert [desk.get("account").status_code for desk in (one, one, other, alice)] == [200, 429, 200, 200]


def look(desk):
    return desk.get("account")


def place(desk):
    return desk.post("orders", ORDER)


@pytest.mark.parametrize(("do", "status"), [(look, 200), (place, 201)])
def test_more_keys_are_not_more_limits(alice, limits, settings, do, status):
    keys = [key_desk(alice.user, "read", "trade") for _ in range(4)]
    limits(requests=2, orders=2)
    settings.USER_KEYS = 3
    assert [do(key).status_code for key in keys[:3] for _ in range(2)] == [status] * 6
    refused = do(keys[3])
    assert refusal(refused) == (429, "RATE_LIMITED") and left(refused) == ("user", 0)
    assert refused.json()["details"]["limit"] == 6


def test_keys_made_and_revoked_in_turn_are_no_way_around_either(alice, limits, settings):
    limits(requests=1)
    settings.USER_KEYS = 2
    answers = []
    for _ in range(3):
        key = key_desk(alice.user, "read")
        answers.append(key.get("account").status_code)
        revoke_api_key(alice.user, alice.user.api_keys.latest("pk").pk)
    assert answers == [200, 200, 429]


def test_whatever_the_keys_do_the_person_gets_through_and_everybody_can_cancel(alice, limits, settings):
    keys = [key_desk(alice.user, "read", "trade") for _ in range(2)]
    order = keys[0].buys("0.1", "30000")
    limits(requests=1, orders=1, cancels=1)
    settings.USER_KEYS = 1
    assert [key.get("account").status_code for key in keys] == [200, 429]
    assert [key.post("orders", ORDER).status_code for key in keys] == [201, 429]
    assert [keys[1].delete(f"orders/{order['id']}").status_code, keys[0].delete("orders").status_code] == [
        200,
        429,
    ]
    assert alice.get("account").status_code == 200


@pytest.mark.parametrize(("do", "status"), [(look, 200), (place, 201)])
def test_three_counters_are_one_round_trip(alice, limits, settings, monkeypatch, do, status):
    key = key_desk(alice.user, "read", "trade")
    limits()
    do(key)  # so that Redis has the script, and the lane knows the key
    asked = []
    send = redis.Connection.send_packed_command
    monkeypatch.setattr(
        redis.Connection,
        "send_packed_command",
        lambda link, command, **options: asked.append(b"".join(command)) or send(link, command, **options),
    )
    assert do(key).status_code == status
    [command] = [command for command in asked if settings.LIMITS_PREFIX.encode() in command]
    assert b":user:keys-of-user:" in command and b":address:" in command


def test_an_address_has_a_ceiling_over_all_its_keys(alice, bob, limits):
    limits(address=3)
    answers = [desk.get("account") for desk in (alice, bob, alice, bob)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert left(answers[3]) == ("address", 0)
    assert refusal(alice.post("orders", ORDER)) == (429, "RATE_LIMITED")


def test_a_flooded_address_takes_from_nobody_the_way_out(alice, bob, limits):
    order = alice.buys("0.1", "30000")
    limits(address=1)
    assert [bob.get("account").status_code for _ in range(2)] == [200, 429]
    assert alice.delete(f"orders/{order['id']}").status_code == 200


def test_the_door_for_cancels_is_not_a_way_around_for_strangers(limits, markets):
    limits(requests=2)
    assert [Desk().delete("orders").status_code for _ in range(3)] == [401, 401, 429]
    assert Desk().get("time").status_code == 429


def test_what_a_key_may_not_do_counts_for_the_key(alice, limits):
    reader = key_desk(alice.user, "read")
    limits(requests=2)
    assert [reader.post("orders", ORDER).status_code for _ in range(3)] == [403, 403, 429]
    assert Desk().get("time").status_code == 200 and alice.get("account").status_code == 200


# ---- once ----


@pytest.mark.parametrize("change", [{"symbol": "DOGE-USDT"}, {"quantity": "0"}, {}], ids=str)
def test_an_order_counts_once_whoever_answers_it(alice, limits, change):
    limits(orders=9)
    assert left(alice.post("orders", ORDER | change)) == ("orders", 8)


def test_a_refusal_is_counted_once_whoever_says_it(alice, limits):
    alice.post("orders", ORDER)  # so that the lane knows her
    limits(orders=0, requests=0)
    before = hits("orders"), hits("requests")
    assert [alice.post("orders", ORDER).status_code, Desk().get("ticker/BTC-USDT").status_code] == [429, 429]
    assert (hits("orders"), hits("requests")) == (before[0] + 1, before[1] + 1)


# ---- pages ----


def test_pages_are_counted_per_address(markets, limits, settings):
    limits()
    settings.PAGE_LIMIT = 2
    before = hits("pages")
    answers = [Client().get(page) for page in ("/", "/admin/login/", "/api-auth/login/")]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2]["Retry-After"]) <= 60 and "Rate limited" in answers[2].content.decode()
    assert Client().get("/", REMOTE_ADDR="192.0.2.8").status_code == 200
    assert hits("pages") == before + 1


def test_who_watches_the_exchange_is_never_limited(markets, limits, settings):
    limits(requests=0)
    settings.PAGE_LIMIT = 0
    assert [Client().get(f"/{page}").status_code for page in ("health", "metrics")] == [200, 200]
    assert Client().get("/ready").status_code in (200, 503)


def test_the_description_of_the_api_counts_as_the_api_does(markets, limits):
    limits(requests=100)
    assert left(Client().get("/api/schema")) == ("requests", 90)
