"""The audit finds loans, interest and liquidations that do not agree with the ledger."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import Account, LedgerTransaction
from common import clock
from risk.models import Loan
from risk.services import accrue_interest
from trading import audit
from trading.tests.audit_desk import broken_by, empty_the_database
from trading.tests.margin_market import MarginFloor


@pytest.fixture(scope="module")
def floor(django_db_setup, django_db_blocker):
    """Alice was liquidated in part, Bob has repaid a part, Carol all; some hours have passed."""
    with django_db_blocker.unblock():
        floor = MarginFloor()
        floor.is_long("alice")
        for who, amount in (("bob", "100"), ("carol", "50")):
            floor.moves_in(who, "100")
            floor.borrows(who, amount)
        floor.borrows("bob", "7")
        floor.repays("carol")
        floor.buys("mark", "1", "40150")
        floor.index("40200")
        floor.sweep()
        real = clock.now
        clock.now = lambda: real() + timedelta(hours=5)
        accrue_interest()
        clock.now = real
        floor.names = dict(Account.objects.values_list("name", "pk"))
        yield floor
        connection.close()
        empty_the_database()


@pytest.fixture(autouse=True)
def unblocked(floor, django_db_blocker):
    with django_db_blocker.unblock():
        yield


def loan(floor, who):
    return Loan.objects.filter(account=floor.account(who)).latest("id")


def credit(account_id, amount):
    return (
        f"UPDATE accounts_balance SET available = available + {amount}"
        f" WHERE account_id = {account_id} AND asset = 'USDT'"
    )


def post(kind, *lines):
    newest = LedgerTransaction.objects.filter(kind=kind).latest("id").pk
    values = ", ".join(f"({newest}, {account}, 'USDT', {amount})" for account, amount in lines)
    moved = [credit(account, amount) for account, amount in lines]
    return [
        f"INSERT INTO accounts_posting (transaction_id, account_id, asset, amount) VALUES {values}",
        *moved,
    ]


def test_nothing_is_wrong_before(floor):
    with connection.cursor() as cursor:
        assert audit.check(cursor).violations == []
    assert floor.steps("alice")[-1] == "recovered"


def test_a_debt_that_shrinks_by_itself(floor):
    found = broken_by(f"UPDATE risk_loan SET principal = principal - 1 WHERE id = {loan(floor, 'bob').pk}")
    assert set(found) == {"L6-LENT", "L6-LOAN"}
    assert found["L6-LENT"][0]["asset"] == "USDT"


def test_debts_that_change_places(floor):
    """In sum all is right; but not of each."""
    found = broken_by(
        f"UPDATE risk_loan SET principal = principal - 1 WHERE id = {loan(floor, 'bob').pk}",
        f"UPDATE risk_loan SET principal = principal + 1 WHERE id = {loan(floor, 'alice').pk}",
    )
    assert set(found) == {"L6-LOAN"}
    assert {row["loan_id"] for row in found["L6-LOAN"]} == {loan(floor, "bob").pk, loan(floor, "alice").pk}


def test_the_ledger_has_lent_more_than_anybody_owes(floor):
    lent, owed = floor.names["loans:USDT"], floor.names["owed:USDT"]
    found = broken_by(*post("deposit", (lent, "5"), (owed, "-5")))
    assert set(found) == {"L6-LENT"}


def test_a_loan_without_its_row(floor):
    found = broken_by(f"DELETE FROM risk_loan WHERE id = {loan(floor, 'bob').pk}")
    assert set(found) >= {"L6-LENT", "L6-DEBTOR"}
    assert {row["account_id"] for row in found["L6-DEBTOR"]} == {floor.account("bob").pk}


def test_a_loan_that_went_to_somebody_else(floor):
    bob = loan(floor, "bob")
    found = broken_by(f"UPDATE risk_loan SET account_id = {floor.account('carol').pk} WHERE id = {bob.pk}")
    assert set(found) == {"L6-DEBTOR"}


@pytest.mark.parametrize(
    "change", ["amount = amount * 2", "hourly_rate = hourly_rate * 2", "hours = hours + 1"]
)
def test_interest_that_does_not_follow_from_its_figures(floor, change):
    charge = loan(floor, "bob").charges.latest("id")
    found = broken_by(f"UPDATE risk_interestcharge SET {change} WHERE id = {charge.pk}")
    assert "L6-INTEREST" in found and found["L6-INTEREST"][0]["charge_id"] == charge.pk


def test_interest_that_was_charged_and_not_posted(floor):
    charge = loan(floor, "bob").charges.latest("id")
    found = broken_by(f"UPDATE risk_interestcharge SET ledger_transaction_id = NULL WHERE id = {charge.pk}")
    assert set(found) == {"L6-POSTED"}


@pytest.mark.parametrize("who", ["bob", "carol"])
def test_an_hour_that_nobody_paid_for(floor, who):
    found = broken_by(
        f"UPDATE risk_loan SET accrued_until = accrued_until + interval '1 hour'"
        f" WHERE id = {loan(floor, who).pk}"
    )
    assert set(found) == {"L6-HOURS"}


def test_a_gap_between_the_hours(floor):
    first = loan(floor, "bob").charges.earliest("id")
    found = broken_by(
        f"UPDATE risk_interestcharge SET starts_at = starts_at - interval '1 hour' WHERE id = {first.pk}",
        f"UPDATE risk_loan SET opened_at = opened_at - interval '1 hour' WHERE id = {first.loan_id}",
    )
    assert set(found) == {"L6-HOURS"}


def test_a_fund_that_owes(floor):
    fund, outside = floor.names["insurance:margin"], floor.names["outside"]
    much = str(Decimal(floor.fund()) + 1)
    found = broken_by(*post("deposit", (fund, f"-{much}"), (outside, much)))
    assert set(found) == {"L6-FUND"}


def test_a_step_that_is_gone(floor):
    row = floor.liquidation("alice")
    found = broken_by(f"DELETE FROM risk_liquidationstep WHERE liquidation_id = {row.pk} AND number = 2")
    assert set(found) == {"L6-STEPS"}


def test_a_liquidation_that_ended_in_another_way_than_its_steps_say(floor):
    row = floor.liquidation("alice")
    found = broken_by(f"UPDATE risk_liquidation SET status = 'closed' WHERE id = {row.pk}")
    assert set(found) == {"L6-STEPS"}


def test_a_guard_of_lending_that_is_gone(floor):
    found = broken_by(dropping={"risk_loan": "loan_open_while_owed"})
    assert set(found) == {"L0-GUARDS-LENDING"}
