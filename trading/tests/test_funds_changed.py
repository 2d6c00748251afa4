"""Balances are read without a lock, matched with, and judged again under the lock."""

from decimal import Decimal

import pytest

from trading import services
from trading.tests.desk import TradingDesk, new_order
from trading.tests.laws import broken_laws
from trading.tests.meddling import before, elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    desk = TradingDesk()
    yield desk
    assert broken_laws() == []


def spends_on_ether(desk, who, price):
    """Somebody's money is gone to another market between matching and locking."""
    return lambda batch: elsewhere(lambda: desk.buys(who, "1", at=price, symbol="ETH-USDT"))


def test_an_order_whose_money_was_spent_elsewhere_is_refused(desk):
    before_it = desk.book()
    with before("lock_balances", spends_on_ether(desk, "alice", "90000")):
        assert desk.buys("alice", "1", at="60000") == "INSUFFICIENT_FUNDS"
    assert desk.book() == before_it
    assert desk.balance("alice", "USDT") == ("10000", "90000")


def test_the_refusal_tells_what_there_really_was(desk):
    with before("lock_balances", spends_on_ether(desk, "alice", "90000")):
        [refused] = services.place_orders(
            desk.accounts["alice"], [("BTC-USDT", new_order("buy", "1", at="60000"))]
        )
    assert refused.details == {"asset": "USDT", "available": "10000", "required": "60000"}


def test_the_others_of_the_batch_go_through_as_if_it_had_never_come(desk):
    desk.sells("carol", "0.3", at="60000")
    requests = [
        services.PlaceRequest(desk.accounts["bob"], new_order("buy", "0.1", at="60000")),
        services.PlaceRequest(desk.accounts["alice"], new_order("buy", "1", at="60000")),
        services.PlaceRequest(desk.accounts["carol"], new_order("sell", "0.3", at="60000")),
        services.PlaceRequest(desk.accounts["alice"], new_order("buy", "0.1", at="60000")),
    ]
    with before("lock_balances", spends_on_ether(desk, "alice", "90000")):
        bobs, alices, carols, small = services.submit("BTC-USDT", requests)
    assert (bobs.order.status, bobs.order.filled_quantity) == ("filled", Decimal("0.1"))
    assert alices.code.name == "INSUFFICIENT_FUNDS"
    assert (carols.order.status, carols.fills) == ("open", [])
    assert (small.order.status, small.order.filled_quantity) == ("filled", Decimal("0.1"))
    assert desk.book() == ["sell 60000 | carol 0.1, carol 0.3"]


def test_several_orders_may_lose_their_money_one_after_the_other(desk):
    requests = [
        services.PlaceRequest(desk.accounts[who], new_order("buy", "1", at="60000"))
        for who in ("alice", "bob", "carol")
    ]

    def both_spend(batch):
        for who in ("alice", "bob"):
            spends_on_ether(desk, who, "90000")(batch)

    with before("lock_balances", both_spend):
        outcomes = services.submit("BTC-USDT", requests)
    assert [getattr(each, "code", None) and each.code.name for each in outcomes] == [
        "INSUFFICIENT_FUNDS", "INSUFFICIENT_FUNDS", None,
    ]  # fmt: skip
    assert desk.book() == ["buy 60000 | carol 1"]


def test_a_balance_that_was_made_in_a_batch_that_ran_again_is_made_again(desk):
    """Dave's first bitcoin: its balance row goes with the first run's rollback."""
    desk.accounts["dave"] = desk.hire("dave", {"USDT": "50000"})
    desk.sells("carol", "0.3", at="60000")
    requests = [
        services.PlaceRequest(desk.accounts["dave"], new_order("buy", "0.1", at="60000")),
        services.PlaceRequest(desk.accounts["alice"], new_order("buy", "1", at="60000")),
    ]
    with before("lock_balances", spends_on_ether(desk, "alice", "90000")):
        daves, alices = services.submit("BTC-USDT", requests)
    assert (daves.order.status, alices.code.name) == ("filled", "INSUFFICIENT_FUNDS")
    assert desk.balance("dave", "BTC") == ("0.0998", "0")


def test_a_cancel_never_needs_funds(desk):
    bid = desk.buys("alice", "1", at="60000")
    with before("lock_balances", spends_on_ether(desk, "alice", "40000")):
        assert desk.cancels("alice", bid).status == "cancelled"
    assert desk.balance("alice", "USDT") == ("60000", "40000")


def test_an_amend_whose_money_was_spent_elsewhere_is_refused_and_the_order_stands(desk):
    bid = desk.buys("alice", "0.5", at="60000")
    desk.buys("bob", "0.5", at="60000")
    with before("lock_balances", spends_on_ether(desk, "alice", "60000")):
        assert desk.amends("alice", bid, quantity="1") == "INSUFFICIENT_FUNDS"
    assert desk.book() == ["buy 60000 | alice 0.5, bob 0.5"]


def test_a_first_order_with_the_same_client_id_that_lost_its_money_does_not_block_the_second(desk):
    orders = [
        ("BTC-USDT", new_order("buy", quantity, at="60000", client_order_id="lunch"))
        for quantity in ("1", "0.1")
    ]
    with before("lock_balances", spends_on_ether(desk, "alice", "90000")):
        first, second = services.place_orders(desk.accounts["alice"], orders)
    assert first.code.name == "INSUFFICIENT_FUNDS"
    assert (second.order.quantity, second.replayed) == (Decimal("0.1"), False)


def test_a_waiting_order_whose_money_was_spent_elsewhere_is_refused(desk):
    stop = {"type": "stop_limit", "trigger": "61000"}
    with before("lock_balances", spends_on_ether(desk, "alice", "90000")):
        assert desk.buys("alice", "1", at="60000", **stop) == "INSUFFICIENT_FUNDS"
    assert desk.balance("alice", "USDT") == ("10000", "90000")


def test_exits_whose_money_was_spent_elsewhere_end_and_the_fill_stands(desk):
    """The money is gone between matching and locking: the batch runs again, and only the exits are left out."""
    bracket = desk.brackets(
        "alice",
        new_order("sell", "1", at="60000"),
        new_order("buy", "1", at="59000"),
        new_order("buy", "1", at="90000", type="stop_limit", trigger="61000"),
    )
    with before("lock_balances", spends_on_ether(desk, "alice", "95000")):
        desk.buys("bob", "1", at="60000")
    assert [desk.fate(placed) for placed in bracket.orders] == [
        "filled", "cancelled INSUFFICIENT_FUNDS", "cancelled INSUFFICIENT_FUNDS"
    ]  # fmt: skip
    assert desk.balance("alice", "USDT") == ("64940", "95000")
