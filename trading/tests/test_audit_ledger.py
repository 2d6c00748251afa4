"""Each rule about money, proved by corrupting what it guards."""

import pytest
from django.db import connection

from trading import audit
from trading.tests.audit_desk import Desk, empty_the_database

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def made(django_db_setup, django_db_blocker):
    """Committed once for this file: each corruption is undone before the next."""
    with django_db_blocker.unblock():
        yield Desk(rounds=1)
        empty_the_database()


@pytest.fixture
def desk(made, db):
    return made


def test_postings_that_do_not_sum_to_zero(desk):
    found = desk.broken_by(
        desk.post(desk.deposit, (desk.alice, "USDT", "1")),
        desk.post(desk.adjustment, (desk.alice, "USDT", "-1")),
    )
    assert found == {
        "L1-SUM": [
            {"transaction_id": desk.deposit, "asset": "USDT", "total": "1"},
            {"transaction_id": desk.adjustment, "asset": "USDT", "total": "-1"},
        ]
    }


def test_postings_without_a_transaction(desk):
    found = desk.broken_by(desk.post(987654321, (desk.alice, "USDT", "1"), (desk.alice, "USDT", "-1")))
    assert set(found) == {"L1-ORPHAN"}
    assert [row["transaction_id"] for row in found["L1-ORPHAN"]] == [987654321] * 2


def test_postings_of_an_account_that_does_not_exist(desk):
    found = desk.broken_by(desk.post(desk.deposit, (987654321, "USDT", "1"), (987654321, "USDT", "-1")))
    assert set(found) == {"L1-ORPHAN"}
    assert found["L1-ORPHAN"][0]["missing"] == "account 987654321"


def test_a_transaction_without_postings(desk):
    found = desk.broken_by(
        "INSERT INTO accounts_ledgertransaction (id, kind, reference, reason, created_at)"
        " VALUES (987654321, 'deposit', '', '', now())"
    )
    assert found == {"L1-EMPTY": [{"transaction_id": 987654321, "kind": "deposit"}]}


def test_money_moved_between_two_balances_without_postings(desk):
    found = desk.broken_by(desk.credit(desk.alice, "USDT", "5"), desk.credit(desk.bob, "USDT", "-5"))
    assert set(found) == {"L1-BALANCE"}
    assert [(row["account_id"], row["asset"]) for row in found["L1-BALANCE"]] == [
        (desk.alice, "USDT"),
        (desk.bob, "USDT"),
    ]


def test_money_out_of_nothing(desk):
    found = desk.broken_by(desk.credit(desk.alice, "USDT", "5"))
    assert set(found) == {"L1-BALANCE", "L1-TOTAL"}
    assert found["L1-TOTAL"] == [{"asset": "USDT", "total": "5"}]


def test_a_balance_that_is_gone(desk):
    found = desk.broken_by(f"DELETE FROM accounts_balance WHERE account_id = {desk.fees} AND asset = 'BTC'")
    assert set(found) == {"L1-BALANCE", "L1-TOTAL"}
    assert found["L1-BALANCE"][0]["balance"] == "0"


@pytest.mark.parametrize("change", ["reason = ' '", "actor_id = NULL"])
def test_an_adjustment_without_a_reason_or_a_name(desk, change):
    found = desk.broken_by(f"UPDATE accounts_ledgertransaction SET {change} WHERE id = {desk.adjustment}")
    assert set(found) == {"L1-REASON"}
    assert found["L1-REASON"][0]["transaction_id"] == desk.adjustment


def test_a_fee_that_was_not_posted(desk):
    """The seller keeps it: the transaction still sums to zero, and balances agree with postings."""
    fee, transaction_id = desk.trade.maker_fee, desk.trade.ledger_transaction_id
    found = desk.broken_by(
        f"DELETE FROM accounts_posting WHERE transaction_id = {transaction_id} AND asset = 'USDT'"
        f" AND account_id = {desk.fees}",
        f"UPDATE accounts_posting SET amount = amount + {fee} WHERE transaction_id = {transaction_id}"
        f" AND asset = 'USDT' AND account_id = {desk.bob}",
        desk.credit(desk.fees, "USDT", f"-{fee}"),
        desk.credit(desk.bob, "USDT", f"{fee}"),
    )
    assert set(found) == {"L1-TRADE"}
    assert {(row["trade_id"], row["account_id"]) for row in found["L1-TRADE"]} == {
        (desk.trade.pk, desk.bob),
        (desk.trade.pk, desk.fees),
    }


def test_a_user_below_zero(desk):
    found = desk.broken_by(
        desk.post(desk.deposit, (desk.carol, "ETH", "-1000"), (desk.outside, "ETH", "1000")),
        desk.credit(desk.carol, "ETH", "-1000"),
        desk.credit(desk.outside, "ETH", "1000"),
        dropping={"accounts_balance": "balance_available_not_negative"},
    )
    assert set(found) == {"L2-SIGN", "L0-GUARDS-LEDGER"}
    assert [(row["account_id"], row["asset"]) for row in found["L2-SIGN"]] == [(desk.carol, "ETH")]
    assert found["L0-GUARDS-LEDGER"] == [
        {"table": "accounts_balance", "guard": "balance_available_not_negative"}
    ]


def test_less_than_nothing_held(desk):
    found = desk.broken_by(
        desk.credit(desk.carol, "ETH", "-1", "held"),
        desk.credit(desk.carol, "ETH", "1"),
        dropping={
            "accounts_balance": "balance_held_not_negative, DROP CONSTRAINT balance_margin_is_held_or_short"
        },
    )
    assert set(found) >= {"L2-SIGN", "L2-HELD", "L0-GUARDS-LEDGER"}


@pytest.mark.parametrize(
    ("column", "constraint", "also"),
    [
        ("available", "balance_available_not_negative", set()),
        ("held", "balance_held_not_negative", {"L2-HELD"}),
    ],
)
def test_a_balance_that_is_not_a_number(desk, column, constraint, also):
    found = desk.broken_by(
        f"UPDATE accounts_balance SET {column} = 'NaN' WHERE account_id = {desk.bob} AND asset = 'BTC'",
        dropping={"accounts_balance": constraint},
    )
    assert set(found) == {"L2-SIGN", "L1-BALANCE", "L1-TOTAL", "L0-GUARDS-LEDGER"} | also
    assert found["L2-SIGN"][0][column] == "NaN"


def test_a_posting_that_is_not_a_number(desk):
    found = desk.broken_by(
        desk.post(desk.deposit, (desk.alice, "USDT", "'NaN'")),
        dropping={"accounts_posting": "posting_amount_is_a_number"},
    )
    assert set(found) == {"L1-SUM", "L1-BALANCE", "L0-GUARDS-LEDGER"}


def test_a_user_who_may_owe(desk):
    found = desk.broken_by(
        f"UPDATE accounts_balance SET overdraft = true WHERE account_id = {desk.alice} AND asset = 'USDT'"
    )
    assert set(found) == {"L2-OVERDRAFT"}
    assert found["L2-OVERDRAFT"][0]["account_id"] == desk.alice


def test_a_second_world_outside(desk):
    found = desk.broken_by(
        "INSERT INTO accounts_account (id, kind, name) VALUES (987654321, 'outside', 'offshore')",
        desk.post(desk.deposit, (desk.alice, "USDT", "5"), (987654321, "USDT", "-5")),
        "INSERT INTO accounts_balance (account_id, asset, available, held, overdraft)"
        " VALUES (987654321, 'USDT', -5, 0, true)",
        desk.credit(desk.alice, "USDT", "5"),
    )
    assert set(found) == {"L2-OVERDRAFT"}
    assert found["L2-OVERDRAFT"][0]["name"] == "offshore"


@pytest.mark.parametrize("amount", ["1", "-1", "0.00000001"])
def test_held_money_that_no_open_order_explains(desk, amount):
    found = desk.broken_by(
        desk.credit(desk.alice, "USDT", amount, "held"), desk.credit(desk.alice, "USDT", f"-({amount})")
    )
    assert set(found) == {"L2-HELD"}
    assert (found["L2-HELD"][0]["account_id"], found["L2-HELD"][0]["asset"]) == (desk.alice, "USDT")


def test_a_hold_without_any_order(desk):
    found = desk.broken_by(
        desk.credit(desk.fees, "BTC", "0.00000001", "held"), desk.credit(desk.fees, "BTC", "-0.00000001")
    )
    assert found == {
        "L2-HELD": [{"account_id": desk.fees, "asset": "BTC", "held": "0.00000001", "needed": "0"}]
    }


def test_money_finer_than_its_asset_is_counted(desk):
    found = desk.broken_by(
        desk.post(desk.deposit, (desk.alice, "USDT", "1e-12"), (desk.outside, "USDT", "-1e-12")),
        desk.credit(desk.alice, "USDT", "1e-12"),
        desk.credit(desk.outside, "USDT", "-1e-12"),
    )
    assert set(found) == {"L8-UNITS"}
    assert [row["what"] for row in found["L8-UNITS"]] == ["balance (available)"] * 2 + ["posting"] * 2


def test_money_of_an_asset_that_does_not_exist(desk):
    found = desk.broken_by(desk.post(desk.deposit, (desk.alice, "MOON", "1"), (desk.alice, "MOON", "-1")))
    assert set(found) == {"L8-UNITS"}
    assert {row["asset"] for row in found["L8-UNITS"]} == {"MOON"}


@pytest.mark.parametrize(
    ("table", "trigger", "rule"),
    [
        ("accounts_posting", "append_only", "L0-GUARDS-LEDGER"),
        ("accounts_posting", "sum_to_zero", "L0-GUARDS-LEDGER"),
        ("accounts_ledgertransaction", "append_only", "L0-GUARDS-LEDGER"),
        ("trading_orderevent", "append_only", "L0-GUARDS-TRADING"),
        ("trading_trade", "append_only", "L0-GUARDS-TRADING"),
        ("market_market", "steps_stay", "L0-GUARDS-TRADING"),
    ],
)
def test_a_trigger_that_is_switched_off(desk, table, trigger, rule):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        report = audit.check(cursor)
    assert [(each.rule, each.details) for each in report.violations] == [
        (rule, {"table": table, "guard": trigger})
    ]
