"""GET /api/v1/account · account/{user_id} · POST /api/v1/faucet"""

from decimal import Decimal

import pytest

from accounts.models import User
from market.services import set_price
from trading.tests.api.desk import Desk, person, refusal


def test_ones_own_account(alice):
    alice.buys("0.1", "30000.5")
    shown = alice.get("account").json()
    assert (shown["user_id"], shown["username"], shown["tier"]) == (alice.user.pk, "alice", "beginner")
    assert (shown["margin"], shown["positions"], shown["exposure"]) == ("0", [], "0")
    rows = {row.pop("asset"): row for row in shown["balances"]}
    assert rows["USDT"] == {"total": "1000000", "available": "996999.95", "held": "3000.05"}
    assert rows["BTC"] == {"total": "10", "available": "10", "held": "0"}


def test_equity_is_everything_at_index_prices(alice):
    shown = alice.get("account").json()
    assert (shown["equity"], shown["equity_asset"], shown["unpriced"]) == ("1000000", "USDT", ["BTC", "ETH"])
    set_price("BTC-USDT", Decimal("60000.12345678"), "simulation")
    set_price("ETH-USDT", Decimal("2000.5"), "simulation")
    shown = alice.get("account").json()
    assert (shown["equity"], shown["unpriced"]) == ("1800051.2345678", [])


def test_an_account_without_money_is_an_account(markets):
    shown = Desk(person("poor", funds={})).get("account").json()
    assert (shown["balances"], shown["equity"]) == ([], "0")


def test_staff_see_the_accounts_of_others(alice, admin):
    answer = admin.get(f"account/{alice.user.pk}")
    assert answer.status_code == 200
    assert answer.json() == alice.get("account").json() == alice.get(f"account/{alice.user.pk}").json()


def test_users_do_not(alice, bob):
    assert refusal(alice.get(f"account/{bob.user.pk}")) == (403, "PERMISSION_DENIED")
    # Whether there is such a user is nobody's business either.
    assert refusal(alice.get("account/999999999")) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize(
    "user_id", ["999999999", str(2**31), str(2**63), "9" * 40, "9" * 5000, "0", "-1", "x", "1.0", "%00"]
)
def test_an_account_that_is_not_there(admin, user_id):
    assert refusal(admin.get(f"account/{user_id}"))[0] in (400, 404)


def test_a_user_without_an_account_is_not_found(admin):
    bare = User.objects.create(username="bare")
    assert refusal(admin.get(f"account/{bare.pk}")) == (404, "NOT_FOUND")


def test_the_faucet_gives_test_money_so_many_times(markets, settings):
    desk = Desk(person("dora", funds={}))
    for claim in range(1, settings.FAUCET_CLAIMS + 1):
        answer = desk.post("faucet", {} if claim % 2 else None)
        assert answer.status_code == 200
        rows = {row["asset"]: row["available"] for row in answer.json()["balances"]}
        assert rows == {"USDT": f"{claim * 100_000}", "BTC": str(claim), "ETH": str(claim * 20)}
    assert refusal(desk.post("faucet")) == (422, "FAUCET_LIMIT")
    assert desk.balance("BTC") == (str(settings.FAUCET_CLAIMS), "0")
    assert len(desk.all_of("ledger", limit=7)) == 3 * settings.FAUCET_CLAIMS


def test_there_is_a_faucet_in_demo_mode_only(alice, settings):
    settings.DEMO = False
    assert refusal(alice.post("faucet")) == (404, "NOT_FOUND")
    assert alice.balance("BTC") == ("10", "0")


@pytest.mark.parametrize("body", [{"amount": "1000000"}, {"BTC": 1}, [], "x"])
def test_the_faucet_takes_no_wishes(alice, body):
    assert refusal(alice.post("faucet", body)) == (400, "VALIDATION_ERROR")
    assert alice.balance("BTC") == ("10", "0")
