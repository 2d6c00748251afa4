"""GET /api/v1/orders · orders/{id} · fills · ledger"""

from decimal import Decimal

import pytest

from accounts.ledger import Entry
from accounts.models import LedgerTransaction
from accounts.services import outside_account, post_transaction
from trading.tests.api.desk import refusal


def ids(rows):
    return [row["id"] for row in rows]


@pytest.fixture
def history(alice, bob):
    """Alice's orders: filled, partly filled, open, cancelled, and open in another market."""
    filled = alice.buys("0.1", "30000")
    partly = alice.buys("0.2", "30000")
    bob.sells("0.2", "30000")
    still_open = alice.buys("0.1", "29000")
    cancelled = alice.buys("0.1", "28000")
    alice.delete(f"orders/{cancelled['id']}")
    other = alice.buys("1", "2000", symbol="ETH-USDT")
    return [order["id"] for order in (filled, partly, still_open, cancelled, other)]


def test_orders_are_shown_newest_first(alice, history):
    answer = alice.get("orders").json()
    assert set(answer) == {"results", "next_cursor"} and answer["next_cursor"] is None
    assert ids(answer["results"]) == history[::-1]
    assert [row["status"] for row in answer["results"]] == [
        "open",
        "cancelled",
        "open",
        "partially_filled",
        "filled",
    ]


@pytest.mark.parametrize(
    ("filters", "shown"),
    [
        ({"status": "open"}, [4, 2, 1]),
        ({"status": "partially_filled"}, [1]),
        ({"status": "filled"}, [0]),
        ({"status": "cancelled"}, [3]),
        ({"status": "new"}, []),
        ({"status": "rejected"}, []),
        ({"status": "expired"}, []),
        ({"status": "pending_trigger"}, []),
        ({"symbol": "ETH-USDT"}, [4]),
        ({"symbol": "ETH-BTC"}, []),
        ({"symbol": "BTC-USDT", "status": "open"}, [2, 1]),
    ],
)
def test_orders_can_be_chosen(alice, history, filters, shown):
    assert ids(alice.get("orders", **filters).json()["results"]) == [history[index] for index in shown]


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 6])
def test_every_order_is_on_exactly_one_page(alice, history, limit):
    assert ids(alice.all_of("orders", limit)) == history[::-1]


def test_new_orders_do_not_move_the_pages(alice, history):
    first = alice.get("orders", limit=3).json()
    alice.buys("0.1", "27000")
    rest = alice.get("orders", limit=3, cursor=first["next_cursor"]).json()
    assert ids(first["results"]) + ids(rest["results"]) == history[::-1]


@pytest.mark.parametrize("address", ["orders", "fills", "ledger"])
def test_pages_have_bounds(alice, address):
    for limit in ("0", "1001", "-1", "", "ten", "1e2", "1.0", "9" * 30, "١", " 5", "0x10"):
        answer = alice.get(address, limit=limit)
        assert refusal(answer) == (400, "VALIDATION_ERROR") and "limit" in answer.json()["details"]
    for cursor in ("-1", "", "x", "9" * 19, "9" * 30, "1 OR 1=1"):
        answer = alice.get(address, cursor=cursor)
        assert refusal(answer) == (400, "VALIDATION_ERROR") and "cursor" in answer.json()["details"]
    assert alice.get(address, limit="1000", cursor=str(2**63 - 1)).status_code == 200


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"status": "OPEN"}, (400, "VALIDATION_ERROR")),
        ({"status": ""}, (400, "VALIDATION_ERROR")),
        ({"status": "open,filled"}, (400, "VALIDATION_ERROR")),
        ({"symbol": "NO-SUCH"}, (404, "UNKNOWN_SYMBOL")),
        ({"symbol": ""}, (404, "UNKNOWN_SYMBOL")),
        ({"symbol": "BTC-USDT'--"}, (404, "UNKNOWN_SYMBOL")),
    ],
)
def test_a_filter_that_is_not_understood_is_refused(alice, filters, expected):
    assert refusal(alice.get("orders", **filters)) == expected


def test_an_order_by_id_and_by_client_order_id_is_the_same(alice, bob):
    order = alice.buys("0.2", "30000", client_order_id="a.b_c:d-1")
    bob.sells("0.05", "30000")
    bob.sells("0.1", "30000")
    shown = alice.order(order)
    assert shown == alice.get("orders/client:a.b_c:d-1").json()
    assert (shown["status"], shown["filled_quantity"]) == ("partially_filled", "0.15")
    assert [(fill["quantity"], fill["role"]) for fill in shown["fills"]] == [
        ("0.05", "maker"),
        ("0.1", "maker"),
    ]
    assert shown["updated_at"] >= shown["created_at"]


def test_what_placing_answered_is_what_is_shown_later(alice, bob):
    alice.sells("0.1", "30000")
    alice.sells("0.1", "30000.5")
    taken = bob.buys("0.15", "30001", client_order_id="x")
    assert bob.order(taken) == taken
    assert bob.place("buy", "0.15", "30001", client_order_id="x").json() == taken


def test_fills_show_each_its_own_side(alice, bob):
    maker = alice.sells("0.1", "30000")
    taker = bob.buys("0.1", "30000")
    (sold,), (bought,) = alice.get("fills").json()["results"], bob.get("fills").json()["results"]
    assert (sold["side"], sold["role"], sold["order_id"], sold["fee"], sold["fee_asset"]) == (
        "sell", "maker", maker["id"], "3", "USDT",
    )  # fmt: skip
    assert (bought["side"], bought["role"], bought["order_id"], bought["fee"], bought["fee_asset"]) == (
        "buy", "taker", taker["id"], "0.0001", "BTC",
    )  # fmt: skip
    assert sold["id"] == bought["id"] and sold["cost"] == bought["cost"] == "3000"


def test_fills_of_one_order_or_one_market(alice, bob, carol):
    one, two = alice.sells("0.2", "30000"), alice.sells("1", "2000", symbol="ETH-USDT")
    for quantity in ("0.05", "0.1", "0.05"):
        bob.buys(quantity, "30000")
    his = carol.buys("1", "2000", symbol="ETH-USDT")
    assert len(alice.all_of("fills", limit=1)) == len(alice.all_of("fills", limit=3)) == 4
    assert [fill["quantity"] for fill in alice.get("fills", order_id=one["id"]).json()["results"]] == [
        "0.05",
        "0.1",
        "0.05",
    ]
    assert len(alice.get("fills", symbol="ETH-USDT").json()["results"]) == 1
    assert len(alice.get("fills", order_id=two["id"]).json()["results"]) == 1
    # Whom one has traded with is nobody's business.
    assert alice.get("fills", order_id=his["id"]).json()["results"] == []
    assert carol.get("fills", symbol="BTC-USDT").json()["results"] == []
    for bad in ("x", "-1", "", "1e3", "9" * 20):
        assert refusal(alice.get("fills", order_id=bad)) == (400, "VALIDATION_ERROR")


def test_the_ledger_adds_up_to_the_balances(alice, bob):
    alice.sells("0.12345", "30000.01")
    bob.buys("0.12345", "30000.01")
    alice.buys("0.01", "1000")
    for desk in (alice, bob):
        totals = {}
        for posting in desk.all_of("ledger"):
            totals[posting["asset"]] = totals.get(posting["asset"], 0) + Decimal(posting["amount"])
        for row in desk.get("account").json()["balances"]:
            assert Decimal(row["total"]) == totals[row["asset"]]
            assert Decimal(row["total"]) == Decimal(row["available"]) + Decimal(row["held"])


def test_a_posting_says_why_money_moved(alice, bob):
    alice.sells("0.1", "30000")
    trade = bob.buys("0.1", "30000")["fills"][0]
    got, paid = bob.get("ledger", limit=2).json()["results"]
    assert {(row["asset"], row["amount"]) for row in (got, paid)} == {("BTC", "0.0999"), ("USDT", "-3000")}
    assert {row["kind"] for row in (got, paid)} == {"trade"}
    assert {row["reference"] for row in (got, paid)} == {str(trade["id"])}
    assert got["transaction_id"] == paid["transaction_id"] and got["time"] == trade["time"]
    assert bob.all_of("ledger")[-1]["kind"] == "deposit"


def test_money_is_shown_to_the_last_of_37_digits(alice):
    amount = Decimal("1234567890123456789.123456789012345678")
    entries = [
        Entry(alice.account_id, "WEI", amount),
        Entry(outside_account().pk, "WEI", amount.copy_negate()),
    ]
    post_transaction(LedgerTransaction.Kind.DEPOSIT, entries)
    post_transaction(
        LedgerTransaction.Kind.DEPOSIT,
        [
            Entry(alice.account_id, "WEI", Decimal("1e-18")),
            Entry(outside_account().pk, "WEI", Decimal("-1e-18")),
        ],
    )
    assert alice.balance("WEI") == ("1234567890123456789.123456789012345679", "0")
    newest, before = alice.get("ledger", limit=2).json()["results"]
    assert (newest["amount"], before["amount"]) == ("0.000000000000000001", str(amount))
