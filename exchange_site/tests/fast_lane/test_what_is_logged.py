"""What a request has sent is concealed in what is logged about it, whichever door it came by."""

import json
from types import SimpleNamespace

import pytest

from common.redaction import CONCEALED, conceal
from trading.tests.api.desk import Desk

SECRET = "s3cr3t-Value"
ORDER = {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": "30000", "quantity": "0.1"}


@pytest.fixture
def logged(monkeypatch):
    """What would be logged if placing an order, or telling the time, failed with a text of the client's."""
    texts = []

    def fails(*_, **__):
        texts.append(conceal(f"cannot use {SECRET}"))
        raise ValueError(SECRET)

    monkeypatch.setattr("trading.api.fast_orders.place_order", fails)
    monkeypatch.setattr("trading.api.orders.place_order", fails)
    monkeypatch.setattr("trading.api.book.clock", SimpleNamespace(now=fails, to_ms=str))
    return texts


def test_of_an_order_in_the_lane(alice, logged, taken):
    assert alice.post("orders", ORDER | {"client_order_id": SECRET}).status_code == 500
    assert logged == [f"cannot use {CONCEALED}"] and taken == [("orders", "POST", 500)]


def test_of_an_order_that_django_places(alice, logged, taken):
    body = json.dumps(ORDER | {"client_order_id": SECRET})
    answer = alice.client.post(
        "/api/v1/orders", body, content_type="application/json; charset=utf-8", HTTP_ACCEPT="text/html"
    )
    assert answer.status_code == 500 and logged == [f"cannot use {CONCEALED}"] and taken == []


def test_of_any_other_request(logged, markets):
    assert Desk().client.get("/api/v1/time", {"x": SECRET}).status_code == 500
    assert logged == [f"cannot use {CONCEALED}"]


def test_when_a_request_is_over_so_is_that(alice, logged, taken):
    Desk().client.get("/api/v1/time", {"x": SECRET})
    assert conceal(SECRET) == SECRET
    alice.post("orders", ORDER | {"client_order_id": SECRET})
    assert conceal(SECRET) == SECRET and taken == [("orders", "POST", 500)]
