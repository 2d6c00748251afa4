"""GET /api/v1/margin · margin/loans    POST margin/transfer · margin/borrow · margin/repay, and orders on margin"""

from decimal import Decimal

import pytest

from accounts.models import User
from risk.models import LendingTerms
from risk.services import fund_lending
from trading.services import suspend_user, sweep_margin_accounts
from trading.tests.api.desk import Desk, key_desk, outside_price, person, refusal

pytestmark = pytest.mark.usefixtures("audited")


@pytest.fixture(autouse=True)
def pools(markets):
    treasurer = User.objects.create(username="treasurer", email="t@example.com", is_staff=True)
    for asset, amount in {"USDT": 1_000_000, "BTC": 100}.items():
        fund_lending(asset, Decimal(amount), "for lending", treasurer)
    outside_price("50000")
    outside_price("2000", "ETH-USDT")


def moves(desk, amount, to="margin", asset="USDT"):
    return desk.post("margin/transfer", {"asset": asset, "amount": amount, "to": to})


def borrows(desk, amount, asset="USDT"):
    return desk.post("margin/borrow", {"asset": asset, "amount": amount})


def on_margin(desk, side, quantity, price=None, **more):
    return desk.place(side, quantity, price, account="margin", **more)


def asset_of(shown, asset):
    return next(row for row in shown["assets"] if row["asset"] == asset)


def test_an_account_that_was_never_opened_shows_what_is_offered(alice):
    shown = alice.get("margin").json()
    assert (shown["tier"], shown["maximum_leverage"], shown["status"]) == ("beginner", 5, "healthy")
    assert (shown["equity"], shown["debt"], shown["level"], shown["liquidation"]) == ("0", "0", None, None)
    assert [row["asset"] for row in shown["assets"]] == ["BTC", "ETH", "USDT"]
    assert asset_of(shown, "USDT")["borrowable"] == "0"
    assert alice.get("margin/loans").json() == {"results": [], "next_cursor": None}


def test_transfer_borrow_trade_repay(alice, bob):
    shown = moves(alice, "1000").json()
    assert (shown["equity"], asset_of(shown, "USDT")["borrowable"]) == ("1000", "4000")
    shown = borrows(alice, "4000").json()
    assert (shown["debt"], shown["equity"], shown["maintenance_margin"]) == ("4000.04", "999.96", "80.0008")
    assert (shown["level"], shown["warning_margin"]) == ("1.2499", "100.001")
    bob.sells("0.09", "50000")
    placed = on_margin(alice, "buy", "0.09", "50000")
    assert placed.status_code == 201 and placed.json()["status"] == "filled"
    assert alice.balance("BTC") == ("10", "0")
    bob.buys("0.09", "50000")
    assert on_margin(alice, "sell", "0.0899", "50000").status_code == 201
    answer = alice.post("margin/repay", {"asset": "USDT"})
    assert answer.json()["loans"] == [] and answer.json()["level"] is None
    [loan] = alice.all_of("margin/loans")
    assert (loan["asset"], loan["principal"], loan["interest_charged"]) == ("USDT", "0", "0.04")
    assert loan["closed_at"] is not None


def test_repaying_a_part(alice):
    moves(alice, "100")
    borrows(alice, "100")
    shown = alice.post("margin/repay", {"asset": "USDT", "amount": "50.001"}).json()
    assert [(row["principal"], row["interest"]) for row in shown["loans"]] == [("50", "0")]


def test_refusals_say_why(alice):
    assert refusal(moves(alice, "1000000.01")) == (422, "INSUFFICIENT_FUNDS")
    moves(alice, "100")
    answer = borrows(alice, "400.01")
    assert refusal(answer) == (422, "INSUFFICIENT_MARGIN")
    assert answer.json()["details"] == {"asset": "USDT", "leverage": 5, "most": "400"}
    LendingTerms.objects.filter(asset="USDT").update(maximum=10)
    answer = borrows(alice, "10.01")
    assert refusal(answer) == (422, "LENDING_LIMIT") and answer.json()["details"]["most"] == "10"
    assert refusal(borrows(alice, "1", "DOGE")) == (400, "VALIDATION_ERROR")
    assert refusal(alice.post("margin/repay", {"asset": "BTC"})) == (422, "NO_LOAN")
    assert refusal(moves(alice, "5", to="somebody")) == (400, "VALIDATION_ERROR")


def test_reading_takes_one_scope_and_acting_another(alice):
    reader = key_desk(alice.user, "read")
    assert reader.get("margin").status_code == 200
    for address, body in {
        "margin/transfer": {"asset": "USDT", "amount": "1", "to": "margin"},
        "margin/borrow": {"asset": "USDT", "amount": "1"},
        "margin/repay": {"asset": "USDT"},
    }.items():
        assert refusal(reader.post(address, body)) == (403, "PERMISSION_DENIED")
        assert refusal(Desk().post(address, body)) == (401, "NOT_AUTHENTICATED")


def test_the_tier_of_the_user_counts(markets):
    carol = Desk(person("carol", tier="advanced"))
    moves(carol, "100")
    assert borrows(carol, "1900").json()["loans"][0]["principal"] == "1900"


# ---- orders of a margin account ----


def test_orders_fills_and_ledger_show_one_account_at_a_time(alice, bob):
    moves(alice, "1000")
    bob.sells("0.01", "50000")
    own = alice.buys("0.001", "40000")
    margin = on_margin(alice, "buy", "0.01", "50000").json()
    assert [row["id"] for row in alice.get("orders").json()["results"]] == [own["id"]]
    for account, order in (("main", own), ("margin", margin)):
        rows = alice.get("orders", account=account).json()["results"]
        assert [row["id"] for row in rows] == [order["id"]]
    assert len(alice.get("fills", account="margin").json()["results"]) == 1
    assert alice.get("fills").json()["results"] == []
    kinds = [row["kind"] for row in alice.get("ledger", account="margin").json()["results"]]
    assert kinds == ["trade", "trade", "transfer"]
    for address in ("orders", "fills", "ledger", f"orders/{own['id']}"):
        assert refusal(alice.get(address, account="savings")) == (400, "VALIDATION_ERROR")


def test_an_order_is_found_by_its_id_in_either_account(alice, bob):
    moves(alice, "1000")
    order = on_margin(alice, "buy", "0.01", "40000", client_order_id="mine").json()
    assert alice.get(f"orders/{order['id']}").json()["status"] == "open"
    assert refusal(alice.get("orders/client:mine")) == (404, "ORDER_NOT_FOUND")
    assert alice.get("orders/client:mine", account="margin").json()["id"] == order["id"]
    assert refusal(bob.get(f"orders/{order['id']}")) == (404, "ORDER_NOT_FOUND")
    assert alice.patch(f"orders/{order['id']}", {"price": "41000"}).json()["price"] == "41000"
    assert alice.delete(f"orders/{order['id']}").json()["status"] == "cancelled"
    assert refusal(alice.delete(f"orders/{order['id']}")) == (409, "ORDER_NOT_OPEN")


def test_cancel_all_means_both_accounts_unless_one_is_named(alice):
    moves(alice, "1000")
    for account, left in (("main", {"margin"}), ("margin", {"main"}), (None, set())):
        alice.buys("0.001", "40000")
        assert on_margin(alice, "buy", "0.001", "40000").status_code == 201
        named = f"?account={account}" if account else ""
        assert alice.delete(f"orders{named}").status_code == 200
        live = {
            n for n in ("main", "margin") if alice.get("orders", account=n, status="active").json()["results"]
        }
        assert live == left
        alice.delete("orders")


def test_a_batch_may_name_both_accounts(alice):
    moves(alice, "1000")
    order = {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "price": "40000", "quantity": "0.001"}
    answer = alice.post("orders/batch", [order, order | {"account": "margin"}, order | {"account": "x"}])
    results = answer.json()["results"]
    assert ["order" in result for result in results] == [True, True, False]
    assert [len(alice.get("orders", account=n).json()["results"]) for n in ("main", "margin")] == [1, 1]


def test_linked_orders_on_margin(alice):
    moves(alice, "0.01", asset="BTC")
    answer = alice.post("orders/oco", {
        "symbol": "BTC-USDT", "side": "sell", "quantity": "0.01", "account": "margin",
        "take_profit": {"type": "limit", "price": "60000"},
        "stop_loss": {"type": "stop_market", "trigger_price": "45000"},
    })  # fmt: skip
    assert answer.status_code == 201
    assert len(alice.get("orders", account="margin").json()["results"]) == 2


def owes_for_bitcoin(alice, bob):
    """4,000.04 for 0.0899 BTC and 500 USDT: 950 of equity."""
    moves(alice, "1000")
    borrows(alice, "4000")
    bob.sells("0.09", "50000")
    on_margin(alice, "buy", "0.09", "50000")


@pytest.mark.parametrize(("stop_at", "status"), [("10000", 422), ("45000", 201)])
def test_the_legs_of_a_pair_and_of_a_bracket_are_judged_like_other_orders(alice, bob, stop_at, status):
    owes_for_bitcoin(alice, bob)
    legs = {
        "take_profit": {"type": "limit", "price": "60000"},
        "stop_loss": {"type": "stop_limit", "trigger_price": "49990", "price": stop_at},
    }
    pair = {"symbol": "BTC-USDT", "side": "sell", "quantity": "0.08", "account": "margin", **legs}
    answer = alice.post("orders/oco", pair)
    assert answer.status_code == status
    alice.delete("orders?account=margin")
    entry = {"side": "buy", "type": "limit", "price": "50000", "quantity": "0.008"}
    stop = legs["stop_loss"] | {"price": "1" if status == 422 else stop_at}
    if status == 422:
        on_margin(alice, "sell", "0.06", "41000", post_only=True)
    bracket = {"symbol": "BTC-USDT", "account": "margin", "entry": entry, **legs, "stop_loss": stop}
    assert alice.post("orders/bracket", bracket).status_code == status


def test_an_order_that_is_wrong_is_refused_for_that(alice, bob):
    owes_for_bitcoin(alice, bob)
    trailing = {"type": "trailing_stop", "trail_percent": "1"}
    assert refusal(alice.place("buy", account="margin", **trailing)) == (400, "VALIDATION_ERROR")
    assert refusal(on_margin(alice, "buy", "0.001", **trailing)) == (422, "INSUFFICIENT_MARGIN")


def test_orders_of_one_batch_are_judged_together(alice, bob):
    """Each of them alone would leave enough."""
    owes_for_bitcoin(alice, bob)
    order = {
        "symbol": "BTC-USDT", "side": "sell", "type": "stop_limit", "trigger_price": "49990", "price": "20000",
        "quantity": "0.02", "account": "margin",
    }  # fmt: skip
    results = alice.post("orders/batch", [order] * 3).json()["results"]
    assert ["order" in result for result in results] == [True, False, False]
    assert results[1]["error"]["code"] == "INSUFFICIENT_MARGIN"


def test_the_margin_account_trades_on_spot_only(alice):
    answer = on_margin(alice, "buy", "0.001", "50000", symbol="BTC-PERP")
    assert refusal(answer) == (400, "VALIDATION_ERROR") and "account" in answer.json()["details"]


def test_nobody_trades_borrowed_money_away_at_an_absurd_price(alice, bob):
    """Bob asks twice what it is worth: what Alice borrowed would be his."""
    moves(alice, "1000")
    borrows(alice, "4000")
    bob.sells("0.05", "100000")
    assert refusal(on_margin(alice, "buy", "0.05", "100000")) == (422, "INSUFFICIENT_MARGIN")
    resting = on_margin(alice, "buy", "0.05", "50000").json()
    assert refusal(alice.patch(f"orders/{resting['id']}", {"price": "99000"})) == (422, "INSUFFICIENT_MARGIN")
    # Small enough to bear it: 0.009 x 50,000 is less than what is above the maintenance margin ...
    assert on_margin(alice, "buy", "0.009", "90000").status_code == 201
    # ... but not together with those that rest.
    assert on_margin(alice, "buy", "0.009", "99999").status_code == 201
    assert refusal(on_margin(alice, "buy", "0.009", "99999")) == (422, "INSUFFICIENT_MARGIN")


def test_without_a_loan_any_price_is_ones_own_affair(alice):
    moves(alice, "1000")
    assert on_margin(alice, "buy", "0.009", "99999").status_code == 201


def test_a_suspended_user_is_barred_and_the_orders_are_cancelled(alice, admin):
    moves(alice, "1000")
    order = on_margin(alice, "buy", "0.001", "40000").json()
    cancelled = suspend_user(alice.user, "test", admin.user, cancel_orders=True)
    assert cancelled == [int(order["id"])]
    assert refusal(on_margin(alice, "buy", "0.001", "40000")) == (403, "ACCOUNT_SUSPENDED")


def test_a_liquidation_is_shown_with_its_steps(alice, bob):
    moves(alice, "1000")
    borrows(alice, "4000")
    bob.sells("0.09", "50000")
    on_margin(alice, "buy", "0.09", "50000")
    outside_price("40000")
    sweep_margin_accounts()
    shown = alice.get("margin").json()
    assert (shown["status"], shown["liquidation"]["status"]) == ("liquidation", "liquidating")
    assert [step["kind"] for step in shown["liquidation"]["steps"]] == ["warned", "repaid", "reduced"]
    assert refusal(on_margin(alice, "sell", "0.01", "50000")) == (422, "LIQUIDATION_IN_PROGRESS")
    assert refusal(borrows(alice, "1")) == (422, "LIQUIDATION_IN_PROGRESS")
