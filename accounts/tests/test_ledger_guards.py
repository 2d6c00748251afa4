"""What the database itself refuses, whoever asks: raw SQL, past all services."""

from decimal import Decimal

import pytest
from django.db import Error as DatabaseError
from django.db import connection, transaction

from accounts.models import LedgerTransaction
from accounts.services import claim_faucet, outside_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def rich_alice(alice):
    claim_faucet(alice, {"USDT": Decimal(100)}, 1)
    return alice


def refused(statement, *parameters):
    """The database's own words for refusing the statement."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement, parameters)
    return str(caught.value)


@pytest.mark.parametrize("table", ["accounts_posting", "accounts_ledgertransaction"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET id = id",
        "UPDATE {table} SET id = id WHERE false",
        "DELETE FROM {table}",
        "DELETE FROM {table} WHERE false",
        "TRUNCATE {table}",
        "TRUNCATE {table} CASCADE",
    ],
)
def test_the_ledger_is_never_changed(rich_alice, table, statement):
    assert "is append-only" in refused(statement.format(table=table))


INSERT = "INSERT INTO accounts_posting (transaction_id, account_id, asset, amount) VALUES "


def ids(alice):
    return LedgerTransaction.objects.get().pk, alice.account.pk, outside_account().pk


def test_postings_that_sum_to_zero_are_taken(rich_alice):
    transaction_id, alice, outside = ids(rich_alice)
    with connection.cursor() as cursor:
        rows = f"({transaction_id}, {alice}, 'BTC', 5), ({transaction_id}, {outside}, 'BTC', -5)"
        cursor.execute(INSERT + rows)
        assert cursor.rowcount == 2


def test_a_posting_alone_is_refused(rich_alice):
    transaction_id, alice, _ = ids(rich_alice)
    words = refused(f"{INSERT}({transaction_id}, {alice}, 'BTC', 5)")
    assert (
        f"postings of ledger transaction {transaction_id} sum to 5.000000000000000000 BTC, not zero" in words
    )


def test_assets_do_not_make_up_for_each_other(rich_alice):
    transaction_id, alice, outside = ids(rich_alice)
    rows = f"({transaction_id}, {alice}, 'BTC', 5), ({transaction_id}, {outside}, 'ETH', -5)"
    assert "not zero" in refused(INSERT + rows)


def test_transactions_do_not_make_up_for_each_other(rich_alice):
    transaction_id, alice, outside = ids(rich_alice)
    rows = f"({transaction_id}, {alice}, 'BTC', 5), ({transaction_id + 1}, {outside}, 'BTC', -5)"
    assert "not zero" in refused(INSERT + rows)


@pytest.mark.parametrize("amount", ["'NaN'", "0", "10000000000000000001"])
def test_a_posting_is_a_number_within_bounds_and_not_zero(rich_alice, amount):
    transaction_id, alice, outside = ids(rich_alice)
    rows = f"({transaction_id}, {alice}, 'BTC', {amount}), ({transaction_id}, {outside}, 'BTC', -{amount}::numeric)"
    assert "posting_amount_is_a_number" in refused(INSERT + rows)


@pytest.mark.parametrize("value", ["-0.000000000000000001", "-1", "'NaN'", "10000000000000000001"])
@pytest.mark.parametrize("column", ["available", "held"])
def test_a_balance_is_a_number_and_never_below_zero(rich_alice, column, value):
    words = refused(
        f"UPDATE accounts_balance SET {column} = {value} WHERE account_id = {rich_alice.account.pk}"
    )
    assert f"balance_{column}_not_negative" in words


def test_the_outside_world_may_owe_but_must_be_a_number(rich_alice):
    outside = outside_account().pk
    assert outside_account().balances.get().available == -100
    words = refused(f"UPDATE accounts_balance SET available = 'NaN' WHERE account_id = {outside}")
    assert "balance_available_not_negative" in words


def test_one_balance_per_account_and_asset(rich_alice):
    words = refused(
        "INSERT INTO accounts_balance (account_id, asset, available, held, overdraft) VALUES (%s, 'USDT', 0, 0, false)",
        rich_alice.account.pk,
    )
    assert "balance_per_account_and_asset" in words


def test_only_a_users_account_has_a_user(rich_alice):
    assert "account_user_exactly_when_kind_user" in refused("UPDATE accounts_account SET kind = 'fees'")
