"""Prices of perpetuals over the API, and the price that staff set: /api/v1/market/price, /api/v1/funding."""

from datetime import timedelta
from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from accounts.services import register_user
from common import clock
from common.clock import to_ms
from market.models import IndexSource, Market, Price
from market.services import set_price
from risk.models import Contract, FundingPayment, PremiumSample
from trading import services
from trading.services import refresh_prices

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "the-tulip-of-1637"


@pytest.fixture(autouse=True)
def an_exchange(settings):
    settings.PRICE_FEED = "simulation"
    settings.RATE_LIMIT_ENABLED = settings.RATELIMIT_ENABLE = False
    services.make_first_markets()
    refresh_prices()


@pytest.fixture
def public():
    return APIClient(raise_request_exception=False)


def desk_of(name, staff=False):
    user = register_user(name, f"{name}@example.com", PASSWORD)
    user.is_staff = staff
    user.save()
    desk = APIClient(raise_request_exception=False)
    tokens = desk.post("/api/v1/auth/token", {"username": name, "password": PASSWORD}).json()
    desk.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    return desk


@pytest.fixture
def staff():
    return desk_of("admin", staff=True)


def move(desk, price, symbol="BTC-USDT", **more):
    return desk.post("/api/v1/market/price", {"symbol": symbol, "price": price, **more})


def test_a_perpetual_shows_its_prices_sources_and_funding(public):
    contract = Contract.objects.get(market__symbol="BTC-PERP")
    contract.last_funding_rate = Decimal("-0.0003")
    contract.save()
    PremiumSample.objects.all().update(premium=Decimal("-0.002"))
    source = IndexSource.objects.get(market__symbol="BTC-USDT")
    price = Price.objects.get(market__symbol="BTC-PERP")
    assert public.get("/api/v1/market/price/BTC-PERP").json() == {
        "symbol": "BTC-PERP",
        "last": None,
        "index": f"{source.price.normalize():f}",
        "mark": f"{price.mark.normalize():f}",
        "source": "simulation",
        "updated_at": to_ms(price.updated_at),
        "sources": [
            {
                "source": "simulation",
                "price": f"{source.price.normalize():f}",
                "updated_at": to_ms(source.updated_at),
            }
        ],
        "predicted_funding_rate": "-0.0015",
        "last_funding_rate": "-0.0003",
        "next_funding_at": to_ms(contract.next_funding_at),
    }


def test_a_spot_market_has_no_funding(public):
    shown = public.get("/api/v1/market/price/BTC-USDT").json()
    assert (shown["predicted_funding_rate"], shown["next_funding_at"]) == (None, None)
    assert shown["mark"] == shown["index"]


def test_markets_tell_the_terms_of_a_contract(public):
    markets = {market["symbol"]: market for market in public.get("/api/v1/markets").json()}
    assert markets["BTC-USDT"]["contract"] is None
    contract = markets["BTC-PERP"]["contract"]
    assert (markets["BTC-PERP"]["kind"], contract["underlying"]) == ("perpetual", "BTC-USDT")
    assert (contract["funding_interval_seconds"], contract["interest_rate"]) == (28_800, "0.0001")
    assert contract["brackets"][0] == {"floor": "0", "maximum_leverage": 20, "maintenance_rate": "0.005"}
    assert public.get("/api/v1/markets/BTC-PERP").json() == markets["BTC-PERP"]


# ---- a price that staff set ----


def test_staff_set_a_price_and_its_perpetual_follows_at_once(staff, public):
    answer = move(staff, "54000.00", reason="a lesson")
    assert answer.status_code == 200
    assert (answer.json()["index"], answer.json()["source"]) == ("54000", "simulation")
    shown = public.get("/api/v1/market/price/BTC-PERP").json()
    assert (shown["index"], shown["mark"]) == ("54000", "54000")


def test_the_simulation_walks_on_from_there(staff):
    move(staff, "54000")
    Price.objects.update(updated_at=clock.now() - timedelta(seconds=1))
    refresh_prices()
    walked = Price.objects.get(market__symbol="BTC-USDT").index
    assert walked != 54000 and abs(walked / 54000 - 1) < Decimal("0.002")


@pytest.mark.parametrize(
    ("price", "status", "code"),
    [
        ("54000.001", 422, "INVALID_PRICE"),
        ("1000000000000.01", 422, "INVALID_PRICE"),
        ("9" * 19, 422, "INVALID_PRICE"),
        ("0", 400, "VALIDATION_ERROR"),
        ("-1", 400, "VALIDATION_ERROR"),
        ("NaN", 400, "VALIDATION_ERROR"),
        ("1e5", 400, "VALIDATION_ERROR"),
        (54000, 400, "VALIDATION_ERROR"),
        (None, 400, "VALIDATION_ERROR"),
    ],
)
def test_what_is_no_price_is_refused(staff, price, status, code):
    before = list(Price.objects.order_by("market_id").values("index", "mark"))
    answer = move(staff, price)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert list(Price.objects.order_by("market_id").values("index", "mark")) == before


@pytest.mark.parametrize("symbol", ["DOGE-USDT", "BTC\x00USDT", "", "btc-usdt"])
def test_an_unknown_market_is_refused(staff, symbol):
    assert move(staff, "1", symbol).status_code in (400, 404)


@pytest.mark.parametrize("symbol", ["BTC-PERP", "ETH-BTC"])
def test_what_follows_from_others_is_refused_with_the_reason(staff, symbol):
    answer = move(staff, "1", symbol)
    assert (answer.status_code, answer.json()["code"]) == (409, "PRICE_NOT_SIMULATED")
    assert "BTC-USDT" in answer.json()["message"]


def test_a_market_that_a_replay_has_is_left_to_it(staff):
    set_price("BTC-USDT", Decimal(9_000), "replay", clock.now() + timedelta(minutes=1))
    assert move(staff, "54000").json()["message"] == "A replay has BTC-USDT now."


@pytest.mark.parametrize(
    ("demo", "feed", "status"),
    [
        (True, "auto", 200),
        (False, "simulation", 200),
        (True, "binance", 409),
        (False, "auto", 409),
        (False, "binance", 409),
    ],
)
def test_real_prices_are_never_set_by_hand(staff, settings, demo, feed, status):
    settings.DEMO, settings.PRICE_FEED = demo, feed
    assert move(staff, "54000").status_code == status


def test_in_a_demo_on_the_net_the_feeds_are_left_alone_for_an_hour(staff, settings):
    settings.PRICE_FEED = "auto"
    move(staff, "54000")
    until = Price.objects.get(market__symbol="BTC-USDT").simulated_until
    assert timedelta(minutes=59) < until - clock.now() <= timedelta(hours=1)


def test_nobody_but_staff_may(public):
    before = Price.objects.get(market__symbol="BTC-USDT").index
    assert move(public, "54000").status_code == 401
    assert move(desk_of("alice"), "54000").status_code == 403
    assert Price.objects.get(market__symbol="BTC-USDT").index == before


# ---- fundings ----


def test_fundings_are_listed_newest_first_and_in_pages(public):
    contract = Contract.objects.get(market__symbol="BTC-PERP")
    due = clock.now()
    for hour in range(3):
        FundingPayment.objects.create(
            contract=contract, due_at=due + timedelta(hours=hour), rate=Decimal(-hour) / 10_000,
            mark_price=60_000 + hour, premium=Decimal("-0.00184"), samples=hour, funding_index=0, created_at=due,
        )  # fmt: skip
    first = public.get("/api/v1/funding/BTC-PERP?limit=2").json()
    assert [row["rate"] for row in first["results"]] == ["-0.0002", "-0.0001"]
    second = public.get(f"/api/v1/funding/BTC-PERP?limit=2&cursor={first['next_cursor']}").json()
    assert second == {
        "results": [
            {"due_at": to_ms(due), "rate": "0", "mark_price": "60000", "premium": "-0.00184", "samples": 0}
        ],
        "next_cursor": None,
    }


def test_a_spot_market_has_no_fundings_and_an_unknown_one_is_404(public):
    assert public.get("/api/v1/funding/BTC-USDT").json()["results"] == []
    assert public.get("/api/v1/funding/DOGE-PERP").status_code == 404
    assert public.get("/api/v1/funding/BTC-PERP?cursor=x").status_code == 400
    assert Market.objects.get(symbol="BTC-PERP").status == "open"
