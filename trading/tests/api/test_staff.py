"""POST /api/v1/markets/{symbol}/halt · /resume · /status · markets/halt-all · resume-all · market/tick"""

import importlib

import pytest
from django.contrib.admin.models import LogEntry

from common.errors import ErrorCode, Refused
from market.models import Market, Price
from trading import services
from trading.tests.api.desk import book, key_desk, refusal

ADDRESSES = ["markets/BTC-USDT/halt", "markets/BTC-USDT/resume", "markets/BTC-USDT/status", "market/tick"]
ALL_MARKETS = ["markets/halt-all", "markets/resume-all"]


def test_a_halted_market_takes_cancels_only_until_it_is_resumed(alice, admin, stranger):
    order = alice.buys("0.1", "30000")
    halted = admin.post("markets/BTC-USDT/halt")
    assert (halted.status_code, halted.json()["status"], halted.json()["symbol"]) == (
        200,
        "halted",
        "BTC-USDT",
    )
    shown = {row["symbol"]: row["status"] for row in stranger.get("markets").json()}
    assert [symbol for symbol, status in shown.items() if status == "halted"] == ["BTC-USDT"]
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


def state(desk, symbol="BTC-USDT"):
    """As anybody sees it, on the market's own page and in the list."""
    market = desk.get(f"markets/{symbol}").json()
    assert market in desk.get("markets").json()
    return market["status"], market["auction_ends_at"]


def test_a_halted_market_reopens_through_a_call_auction(alice, bob, admin, stranger):
    admin.post("markets/BTC-USDT/halt")
    before = stranger.get("time").json()["server_time"]
    resumed = admin.post("markets/BTC-USDT/resume", {"auction_seconds": 3600}).json()
    assert resumed["status"] == "auction" and 3_599_000 < resumed["auction_ends_at"] - before < 3_660_000
    assert state(stranger) == ("auction", resumed["auction_ends_at"])
    sell = bob.sells("0.1", "30000")
    buy = alice.buys("0.3", "30000")
    assert (sell["status"], buy["status"], buy["fills"]) == ("open", "open", [])
    assert refusal(alice.place("buy", "0.1")) == (422, "MARKET_NOT_OPEN")
    assert book() == ([("30000", "0.3")], [("30000", "0.1")]), "crossed, as collected"
    collected = stranger.get("markets/BTC-USDT/auction").json()
    sequence = stranger.get("orderbook/BTC-USDT").json()["sequence"]
    assert collected == {
        "symbol": "BTC-USDT", "sequence": sequence, "status": "auction",
        "ends_at": resumed["auction_ends_at"], "price": "30000", "quantity": "0.1", "wanted": "0.2", "offered": "0",
    }  # fmt: skip
    assert admin.post("markets/BTC-USDT/resume", {"auction_seconds": 0}).json()["status"] == "open"
    assert state(stranger) == ("open", None)
    assert alice.order(buy)["fills"][0]["price"] == "30000"
    assert bob.order(sell)["status"] == "filled"
    assert stranger.get("ticker/BTC-USDT").json()["last"] == "30000"
    (trade,) = stranger.get("trades/BTC-USDT").json()["results"]
    assert (trade["price"], trade["quantity"], trade["side"]) == ("30000", "0.1", "buy")
    assert stranger.get("markets/BTC-USDT/auction").json()["price"] is None


@pytest.mark.parametrize(
    ("body", "shown", "has_end"),
    [
        ({"status": "post_only"}, "post_only", False),
        ({"status": "cancel_only"}, "cancel_only", False),
        ({"status": "halted"}, "halted", False),
        ({"status": "auction"}, "auction", False),
        ({"status": "auction", "auction_seconds": 60}, "auction", True),
        ({"status": "auction", "auction_seconds": 0}, "open", False),
        ({"status": "open"}, "open", False),
        ({"status": "open", "auction_seconds": 60}, "open", False),
    ],
    ids=str,
)
def test_staff_set_any_state_and_the_history_tells(admin, stranger, body, shown, has_end):
    answer = admin.post("markets/ETH-USDT/status", body)
    assert answer.status_code == 200 and answer.json()["symbol"] == "ETH-USDT"
    status, ends_at = state(stranger, "ETH-USDT")
    assert (status, ends_at is not None) == (shown, has_end)
    assert LogEntry.objects.get().get_change_message() == f"Status: {body['status']}"
    assert state(stranger) == ("open", None)


@pytest.mark.parametrize(
    "body",
    [{}, [], {"status": "burnt"}, {"status": None}, {"status": 1}, {"status": "OPEN"},
     {"status": "halted", "auction_seconds": 5}, {"status": "open", "auction_seconds": -1},
     {"status": "open", "auction_seconds": "5"}, {"status": "open", "auction_seconds": 86_401},
     {"status": "open", "auction_seconds": 1.0}, {"status": "open", "auction_seconds": True},
     {"status": "open", "auction_seconds": None}, {"status": "open", "reason": "x"}],
    ids=str,
)  # fmt: skip
def test_a_state_that_is_none_is_refused(admin, stranger, body):
    assert refusal(admin.post("markets/BTC-USDT/status", body)) == (400, "VALIDATION_ERROR")
    assert state(stranger) == ("open", None) and not LogEntry.objects.exists()


@pytest.mark.parametrize("seconds", [-1, 86_401, "60", 1.5, True, None, 10**40])
def test_an_auction_is_whole_seconds_of_at_most_a_day(admin, stranger, seconds):
    admin.post("markets/BTC-USDT/halt")
    answer = admin.post("markets/BTC-USDT/resume", {"auction_seconds": seconds})
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert state(stranger) == ("halted", None)


def test_a_market_shows_its_limits(stranger):
    Market.objects.filter(symbol="BTC-USDT").update(
        price_band="0.25", breaker_move="0.1", breaker_window_seconds=30, market_protection="0.05",
        maximum_notional="1000", maximum_open_orders=7, auction_seconds=9,
    )  # fmt: skip
    market = stranger.get("markets/BTC-USDT").json()
    limits = {
        "price_band": "0.25", "breaker_move": "0.1", "breaker_window_seconds": 30, "market_protection": "0.05",
        "maximum_notional": "1000", "maximum_open_orders": 7, "auction_seconds": 9,
    }  # fmt: skip
    assert {name: market[name] for name in limits} == limits
    for address in ("markets/NO-SUCH", "markets/btc-usdt", "markets/NO-SUCH/auction"):
        assert refusal(stranger.get(address)) == (404, "UNKNOWN_SYMBOL")


def test_the_price_tick(admin, stranger):
    Price.objects.all().delete()
    answer = admin.post("market/tick")
    assert answer.status_code == 200
    assert {row["symbol"] for row in answer.json()["written"]} == {"BTC-USDT", "ETH-USDT", "ETH-BTC"}
    price = stranger.get("market/price/BTC-USDT").json()
    assert price["source"] == "simulation" and price["index"] == price["mark"] and price["last"] is None


@pytest.mark.parametrize("address", [*ADDRESSES, *ALL_MARKETS])
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
    for verb, body in (("halt", {}), ("resume", {}), ("status", {"status": "halted"})):
        assert refusal(admin.post(f"markets/{symbol}/{verb}", body)) == (404, "UNKNOWN_SYMBOL")


def test_all_markets_are_halted_and_resumed_at_once(alice, admin, stranger):
    admin.post("markets/ETH-BTC/halt")
    order = alice.buys("0.1", "30000")
    halted = admin.post("markets/halt-all", {"reason": "a drill"})
    others = ["BTC-PERP", "BTC-USDT", "ETH-PERP", "ETH-USDT"]
    assert (halted.status_code, halted.json()) == (200, {"changed": others, "left": ["ETH-BTC"]})
    assert {market["status"] for market in stranger.get("markets").json()} == {"halted"}
    assert refusal(alice.place("buy", "0.1", "30000")) == (422, "MARKET_NOT_OPEN")
    assert alice.delete(f"orders/{order['id']}").status_code == 200
    resumed = admin.post("markets/resume-all")
    assert (resumed.status_code, resumed.json()) == (200, {"changed": others, "left": ["ETH-BTC"]})
    shown = {market["symbol"]: market["status"] for market in stranger.get("markets").json()}
    assert shown == dict.fromkeys(others, "open") | {"ETH-BTC": "halted"}
    assert alice.place("buy", "0.1", "30000").status_code == 201
    told = LogEntry.objects.filter(object_repr="BTC-USDT").order_by("id")
    assert [entry.get_change_message() for entry in told] == [
        "Matching suspended: a drill",
        "Matching resumed",
    ]


def test_a_market_that_cannot_be_reached_is_named_and_the_others_are_halted(admin, stranger, monkeypatch):
    suspending = importlib.import_module("trading.services.suspend_matching")

    def submit(symbol, requests):
        if symbol == "ETH-BTC":
            raise Refused(ErrorCode.UNAVAILABLE)
        return services.submit(symbol, requests)

    monkeypatch.setattr(suspending, "submit", submit)
    answer = admin.post("markets/halt-all")
    assert refusal(answer) == (503, "UNAVAILABLE") and answer.json()["details"]["failed"] == ["ETH-BTC"]
    assert state(stranger) == ("halted", None) and state(stranger, "ETH-BTC") == ("open", None)


@pytest.mark.parametrize("address", ALL_MARKETS)
@pytest.mark.parametrize("body", [{"reason": 5}, {"reason": "x" * 201}, {"symbol": "BTC-USDT"}, [], "x"])
def test_all_markets_are_changed_with_a_reason_or_without(admin, address, body):
    assert refusal(admin.post(address, body)) == (400, "VALIDATION_ERROR")
    assert set(Market.objects.values_list("status", flat=True)) == {"open"}
