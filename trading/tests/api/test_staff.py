"""POST /api/v1/markets/{symbol}/halt · /resume · POST /api/v1/market/tick"""

import pytest
from django.contrib.admin.models import LogEntry

from market.models import Market, Price
from trading.tests.api.desk import key_desk, refusal

ADDRESSES = ["markets/BTC-USDT/halt", "markets/BTC-USDT/resume", "market/tick"]


def test_a_halted_market_takes_cancels_only_until_it_is_resumed(alice, admin, stranger):
    order = alice.buys("0.1", "30000")
    halted = admin.post("markets/BTC-USDT/halt")
    assert (halted.status_code, halted.json()["status"], halted.json()["symbol"]) == (
        200,
        "halted",
        "BTC-USDT",
    )
    shown = {row["symbol"]: row["status"] for row in stranger.get("markets").json()}
    assert shown == {"BTC-USDT": "halted", "ETH-USDT": "open", "ETH-BTC": "open"}
    assert refusal(alice.place("buy", "0.1", "30000")) == (422, "MARKET_NOT_OPEN")
    assert refusal(alice.patch(f"orders/{order['id']}", {"quantity": "0.05"})) == (422, "MARKET_NOT_OPEN")
    assert alice.place("buy", "1", "2000", symbol="ETH-USDT").status_code == 201
    assert alice.delete(f"orders/{order['id']}").status_code == 200
    assert admin.post("markets/BTC-USDT/resume").json()["status"] == "open"
    assert alice.place("buy", "0.1", "30000").status_code == 201


def test_halting_twice_is_no_error_and_is_on_record(admin):
    for _ in range(2):
        assert admin.post("markets/BTC-USDT/halt").status_code == 200
    assert LogEntry.objects.filter(user=admin.user).count() == 2


def test_the_price_tick(admin, stranger):
    Price.objects.all().delete()
    answer = admin.post("market/tick")
    assert answer.status_code == 200
    assert {row["symbol"] for row in answer.json()["written"]} == {"BTC-USDT", "ETH-USDT", "ETH-BTC"}
    price = stranger.get("market/price/BTC-USDT").json()
    assert price["source"] == "simulation" and price["index"] == price["mark"] and price["last"] is None


@pytest.mark.parametrize("address", ADDRESSES)
def test_they_are_for_staff_in_person(alice, admin, stranger, address):
    assert refusal(alice.post(address)) == (403, "PERMISSION_DENIED")
    assert refusal(stranger.post(address)) == (401, "NOT_AUTHENTICATED")
    assert refusal(key_desk(admin.user, "read", "trade").post(address)) == (403, "PERMISSION_DENIED")
    admin.user.is_staff = False
    admin.user.save()
    assert refusal(admin.post(address)) == (403, "PERMISSION_DENIED")
    assert set(Market.objects.values_list("status", flat=True)) == {"open"}


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("body", [{"reason": "x"}, [], "x"])
def test_they_take_no_fields(admin, address, body):
    assert refusal(admin.post(address, body)) == (400, "VALIDATION_ERROR")
    assert set(Market.objects.values_list("status", flat=True)) == {"open"}


@pytest.mark.parametrize("symbol", ["NO-SUCH", "btc-usdt", "%FF", "x" * 3000])
def test_unknown_markets(admin, symbol):
    for verb in ("halt", "resume"):
        assert refusal(admin.post(f"markets/{symbol}/{verb}")) == (404, "UNKNOWN_SYMBOL")
