"""A known number of good, bad, slow, limited, unauthorised and failing requests through a running exchange with two web
processes: /metrics and the KPIs tell exactly these, to the last one."""

import contextlib
import threading
from collections import Counter

import pytest
import requests
from django.core.management import call_command
from django.db import connection, transaction
from prometheus_client.parser import text_string_to_metric_families

from common import clock
from exchange_site.local.data_folder import DataFolder
from exchange_site.tests.browser import environment_of
from exchange_site.tests.exchange import PASSWORD, LiveExchange
from kpi.models import Slice
from kpi.services import beat_heart, roll_up_liquidations, roll_up_slices, roll_up_trading, take_samples
from market.services import tick_prices
from trading.models import BookState

ALICE_MAY = 30  # requests a minute
SLOW_SECONDS = 1.2
FAILED, AWAY = 2, 1
LOCK_SECONDS = 5  # an order waits no longer
ENOUGH = {f"LIMIT_{who}": "100000" for who in ("ANONYMOUS", "INTERMEDIATE", "ADVANCED", "ADDRESS", "LOGIN")}


class Sender:
    """Sends, and keeps book: (endpoint, method, status, code) of each answer."""

    def __init__(self, url):
        self.url = url
        self.sent = Counter()
        self.tokens = {}

    def __call__(self, method, endpoint, user=None, status=200, headers=None, body=None, **places):
        bearer = {"Authorization": f"Bearer {self.tokens[user]}"} if user else {}
        path = f"/api/v1/{endpoint}".format(**places)
        answer = requests.request(
            method, self.url + path, json=body, headers={**bearer, **(headers or {})}, timeout=30
        )
        code = answer.json()["code"] if answer.status_code >= 400 else ""
        self.sent[f"/api/v1/{endpoint}", method, answer.status_code, code] += 1
        assert status in (None, answer.status_code), answer.text
        return answer

    def signs_in(self, user):
        answer = self("POST", "auth/token", body={"username": user, "password": PASSWORD})
        self.tokens[user] = answer.json()["access"]

    def orders(self, user, side, price, quantity, status=201):
        terms = {"symbol": "BTC-USDT", "type": "limit", "side": side, "price": price, "quantity": quantity}
        return self("POST", "orders", user, status, body=terms)


@pytest.fixture
def exchange(transactional_db, tmp_path):
    call_command("seed", verbosity=0)
    tick_prices()
    connection.close()
    metrics = tmp_path / "prometheus"
    metrics.mkdir()
    environment = environment_of(DataFolder(tmp_path)) | ENOUGH
    environment |= {
        "RATE_LIMIT": "on",
        "LIMIT_BEGINNER": str(ALICE_MAY),
        "WEB_WORKERS": "2",
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
    }
    running = LiveExchange(DataFolder(tmp_path), environment)
    try:
        running.start("web", "sockets", "proxy")
        yield running
    finally:
        running.stop_all()


def test_metrics_and_kpis_tell_exactly_what_was_sent(exchange):
    ask = Sender(exchange.url)
    for user in ("alice", "bob", "carol"):
        ask.signs_in(user)
    good(ask)
    bad(ask)
    unauthorised(ask)
    hits = limited(ask)
    slow(ask)
    failing(ask)
    page = scraped(exchange)
    exchange.stop("web", "sockets", "proxy")  # what is not sent yet is sent at the end of each process
    for bring_up_to_date in (roll_up_slices, roll_up_trading, roll_up_liquidations, take_samples, beat_heart):
        bring_up_to_date()
    assert not Slice.objects.exists()
    exchange.start("web", "proxy")
    told = {name: exchange.call("GET", f"kpi/{name}", "admin") for name in ("system", "trading", "security")}
    of_metrics(page, ask.sent, hits)
    of_the_system(told["system"], ask.sent)
    of_trading(told["trading"])
    of_security(told["security"], hits)


def good(ask):
    for _ in range(7):
        ask("GET", "time")
    for _ in range(5):
        ask("GET", "orderbook/{symbol}", symbol="BTC-USDT")
    for _ in range(3):
        ask("GET", "account", "bob")
    ask.orders("carol", "sell", "50000", "0.3")
    ask.orders("bob", "buy", "50000", "0.1")
    left = ask.orders("bob", "buy", "40000", "0.1").json()
    ask("DELETE", "orders/{reference}", "bob", reference=left["id"])


def bad(ask):
    for _ in range(4):
        ask.orders("bob", "buy", "1e5", "0.1", status=400)
    for _ in range(2):
        ask.orders("carol", "buy", "45000", "90000", status=422)
    for _ in range(3):
        ask("GET", "orders/{reference}", "carol", 404, reference="12345")


def unauthorised(ask):
    for _ in range(6):
        ask("GET", "account", status=401)
    for _ in range(5):
        ask("GET", "orders", status=401, headers={"Authorization": "Bearer no.such.token"})
    for _ in range(4):
        ask("POST", "auth/token", status=401, body={"username": "bob", "password": "wrong"})
    for _ in range(3):
        ask("POST", "auth/token", status=401, body={"api_key": "no-such-key"})
    signed = {"X-API-Key": "none", "X-Timestamp": str(clock.to_ms(clock.now())), "X-Signature": "0" * 64}
    for _ in range(2):
        ask("GET", "orders", status=401, headers=signed)
    ask("GET", "kpi/system", "bob", status=403)


def limited(ask):
    """Until 8 were refused; a minute of the limit may end meanwhile."""
    refused = 0
    while refused < 8:
        refused += ask("GET", "account", "alice", status=None).status_code == 429
    return refused


def slow(ask):
    """One order waits for the market's lock."""
    with transaction.atomic():
        state = BookState.objects.select_for_update().get(market__symbol="BTC-USDT")
        waiting = threading.Thread(target=ask.orders, args=("carol", "sell", "60000", "0.1"))
        waiting.start()
        with connection.cursor() as cursor:
            while not _waits(cursor):
                pass
            cursor.execute("SELECT pg_sleep(%s)", [SLOW_SECONDS])
        assert state.sequence
    waiting.join()


def failing(ask):
    """A fault of our own, 500, and a part that is away, 503."""
    with altered("accounts_apikey RENAME TO accounts_gone", "accounts_gone RENAME TO accounts_apikey"):
        for _ in range(FAILED):
            ask("GET", "api-keys", "bob", 500)
    with transaction.atomic():
        BookState.objects.select_for_update().get(market__symbol="BTC-USDT")
        ask.orders("carol", "sell", "60000", "0.1", status=503)  # gives up its wait for the lock


@contextlib.contextmanager
def altered(change, back):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {change}")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE {back}")


def _waits(cursor):
    cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
    return cursor.fetchone()[0]


# ---- what is told ----


def scraped(exchange):
    """name: {labels: value}"""
    found = {}
    text = requests.get(f"{exchange.url}/metrics", timeout=30).text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found


def of_metrics(page, sent, hits):
    requests_sent, errors = Counter(), Counter()
    for (endpoint, method, status, code), times in sent.items():
        labels = {"endpoint": endpoint, "method": method, "status": str(status)}
        requests_sent[frozenset(labels.items())] += times
        if status >= 400:
            errors[frozenset({**labels, "code": code}.items())] += times
    assert page["api_requests_total"] == requests_sent
    assert page["api_error_total"] == errors
    assert positive(page["auth_failures_total"]) == {
        frozenset({("reason", reason)}): times for reason, times in REFUSED.items()
    }
    assert page["rate_limit_hits_total"] == {frozenset({("scope", "requests")}): hits}
    assert sum(page["bourse_orders_total"].values()) == 4
    ended = {
        dict(labels)["status"]: value for labels, value in positive(page["bourse_orders_ended_total"]).items()
    }
    assert ended == {"filled": 1, "cancelled": 1}
    of_btc = frozenset({("symbol", "BTC-USDT")})
    assert page["bourse_trades_total"] == {of_btc: 1}
    assert page["bourse_trade_volume_quote_total"] == {of_btc: 5000}
    orders = {"endpoint": "/api/v1/orders", "method": "POST"}
    placed = sum(times for (endpoint, method, *_), times in sent.items() if (endpoint, method) == (
        "/api/v1/orders", "POST"))  # fmt: skip
    buckets = page["api_request_latency_seconds_bucket"]
    assert buckets[frozenset({**orders, "le": "1.0"}.items())] == placed - 1 - AWAY
    assert buckets[frozenset({**orders, "le": "+Inf"}.items())] == placed


def positive(values):
    return {labels: value for labels, value in values.items() if value}


REFUSED = {"token": 5, "password": 4, "api_key": 3, "signature": 2}


def of_the_system(told, sent):
    every = sum(sent.values())
    refused = sum(times for (_, _, status, _), times in sent.items() if status >= 400)
    assert told["requests"] == every
    assert told["error_rate"] == round(refused / every, 6)
    assert told["client_error_rate"] == round((refused - FAILED - AWAY) / every, 6)
    assert told["server_error_rate"] == round((FAILED + AWAY) / every, 6)
    assert {each["status"]: each["requests"] for each in told["by_status"]} == summed(
        sent, lambda key: key[2]
    )
    by_code = {each["code"]: each["requests"] for each in told["by_code"]}
    assert by_code == {code: times for code, times in summed(sent, lambda key: key[3]).items() if code}
    endpoints = {(each["endpoint"], each["method"]): each for each in told["endpoints"]}
    assert {key: each["requests"] for key, each in endpoints.items()} == summed(sent, lambda key: key[:2])
    orders = endpoints["/api/v1/orders", "POST"]
    assert orders["server_errors"] == AWAY
    assert endpoints["/api/v1/api-keys", "GET"]["server_errors"] == FAILED
    assert orders["slowest_ms"] == told["latency_ms"]["max"] >= 1000 * LOCK_SECONDS
    assert told["latency_ms"]["p50"] < 1000 * SLOW_SECONDS
    assert told["heartbeats"]["measured"] == 1


def summed(sent, key):
    found = Counter()
    for each, times in sent.items():
        found[key(each)] += times
    return found


def of_trading(told):
    [market] = [each for each in told["markets"] if each["symbol"] == "BTC-USDT"]
    for figures in (told, market):
        assert [figures[name] for name in ("orders", "trades", "filled", "cancelled", "expired")] == [
            4,
            1,
            1,
            1,
            0,
        ]
        assert figures["fill_ratio"] == 0.5
    assert (market["volume"], market["quote_volume"]) == ("0.1", "5000")
    assert market["spread"] is None and told["active_users"] == 2


def of_security(told, hits):
    assert {each["reason"]: each["count"] for each in told["failed_log_ins"]["by_reason"]} == {
        "password": 4,
        "api_key": 3,
    }
    assert told["refused_tokens"] == 5
    assert told["refused_signatures"]["by_reason"] == [{"reason": "signature", "count": 2}]
    assert told["limit_hits"] == {"total": hits, "by_scope": [{"scope": "requests", "count": hits}]}
    assert told["suspended_users"] == 0
