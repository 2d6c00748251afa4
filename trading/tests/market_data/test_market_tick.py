"""POST /api/v1/market/tick, for staff."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from accounts.services import register_user
from common.clock import now
from market.models import Price
from trading.tests.market_data.trades import market_of

pytestmark = pytest.mark.django_db
PASSWORD = "the-tulip-of-1637"


@pytest.fixture(autouse=True)
def simulated_prices_and_no_limits(settings):
    settings.PRICE_FEED = "simulation"
    settings.RATE_LIMIT_ENABLED = settings.RATELIMIT_ENABLE = False
    market_of("BTC-USDT")


def desk_of(name, staff=False):
    user = register_user(name, f"{name}@example.com", PASSWORD)
    user.is_staff = staff
    user.save()
    desk = APIClient()
    tokens = desk.post("/api/v1/auth/token", {"username": name, "password": PASSWORD}).json()
    desk.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    return desk


def test_staff_refresh_the_prices_and_see_them():
    desk = desk_of("admin", staff=True)
    answer = desk.post("/api/v1/market/tick")
    assert answer.status_code == 200
    assert (answer.json()["busy"], answer.json()["failure"]) == (False, "")
    (written,) = answer.json()["written"]
    assert (written["symbol"], written["source"]) == ("BTC-USDT", "simulation")
    shown = desk.get("/api/v1/market/price/BTC-USDT").json()
    assert (shown["index"], shown["updated_at"]) == (written["index"], written["updated_at"])


def test_each_tick_is_a_step():
    desk = desk_of("admin", staff=True)
    for _ in range(3):
        Price.objects.update(updated_at=now() - timedelta(seconds=1))
        assert len(desk.post("/api/v1/market/tick", {}).json()["written"]) == 1
    assert Price.objects.get().step == 3


def test_nobody_else_may():
    assert APIClient().post("/api/v1/market/tick").status_code == 401
    assert desk_of("alice").post("/api/v1/market/tick").status_code == 403
    assert Price.objects.count() == 0


@pytest.mark.parametrize("body", ['{"price": "1"}', "[1]", "{", "null", '"x"'])
def test_a_body_that_asks_for_more_is_400(body):
    desk = desk_of("admin", staff=True)
    answer = desk.post("/api/v1/market/tick", body, content_type="application/json")
    assert answer.status_code == 400
    assert Price.objects.count() == 0
