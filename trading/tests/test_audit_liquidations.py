"""Each rule about liquidations and insurance funds, proved by corrupting what it guards."""

import pytest
from django.db import connection

from trading.tests.audit_desk import broken_by, empty_the_database
from trading.tests.perpetual_day import PerpetualDay

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def made(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield PerpetualDay()
        connection.close()
        empty_the_database()


@pytest.fixture
def desk(made, db):
    return made


def change(step, what):
    return f"UPDATE risk_liquidationstep SET {what} WHERE id = {step.pk}"


def change_row(desk, what):
    return f"UPDATE risk_liquidation SET {what} WHERE id = {desk.closed.pk}"


@pytest.mark.parametrize(
    "what",
    [
        "equity = equity + 1",
        "maintenance_margin = maintenance_margin - 1",
        "kind = 'warned'",
        "sequence = sequence + 1",
    ],
)
def test_a_step_that_is_not_as_its_event_tells_it(desk, what):
    found = broken_by(change(desk.step("closed"), what))
    assert set(found) == {"L6-LIQUIDATION"}
    assert {row["liquidation_id"] for row in found["L6-LIQUIDATION"]} == {desk.closed.pk}


def test_a_step_that_is_missing(desk):
    found = broken_by(f"DELETE FROM risk_liquidationstep WHERE id = {desk.step('closed').pk}")
    assert set(found) == {"L6-LIQUIDATION"}
    said = [row["wrong"] for row in found["L6-LIQUIDATION"]]
    assert any("its row says 5" in wrong for wrong in said)
    assert any("its last step is deleveraged" in wrong for wrong in said)
    assert any("tells of it, and it is not there" in wrong for wrong in said)


def test_a_step_that_no_event_tells_of(desk):
    found = broken_by(
        f"""INSERT INTO risk_liquidationstep SELECT (jsonb_populate_record(s, '{{"id": 987654321, "number": 6}}')).*
            FROM risk_liquidationstep s WHERE id = {desk.step("closed").pk}""",
        change_row(desk, "steps_taken = 6"),
    )
    assert found == {
        "L6-LIQUIDATION": [
            {"liquidation_id": desk.closed.pk, "number": 6, "wrong": "it differs from its event"}
        ]
    }


@pytest.mark.parametrize(
    "what",
    ["steps_taken = steps_taken + 1", "status = 'recovered'", "status = 'liquidating', ended_at = NULL"],
)
def test_a_liquidation_that_its_steps_do_not_tell(desk, what):
    found = broken_by(change_row(desk, what))
    assert set(found) == {"L6-LIQUIDATION"}
    assert {row["liquidation_id"] for row in found["L6-LIQUIDATION"]} == {desk.closed.pk}


def test_two_liquidations_of_one_account_at_once(desk):
    found = broken_by(
        "ALTER INDEX liquidation_one_open RENAME TO gone",
        "DROP INDEX gone",
        *(
            f"""INSERT INTO risk_liquidation
                (id, account_id, status, equity, maintenance_margin, steps_taken, started_at)
                VALUES ({number}, {desk.bob}, 'warned', 1, 1, 0, now())"""
            for number in (987654321, 987654322)
        ),
    )
    assert "L6-LIQUIDATION" in found
    assert set(found) <= {"L6-LIQUIDATION", "L0-GUARDS-RISK"}


@pytest.mark.parametrize(
    ("kind", "what", "said"),
    [
        ("reduced", "quantity = quantity + 0.001", "filled"),
        ("fund_paid", "notional = notional - 1", "filled"),
        ("reduced", "order_id = NULL", "there is no order"),
        ("reduced", "order_id = order_id - 1", "is another one"),
        ("reduced", "bankruptcy_price = bankruptcy_price + 1000", "beyond the bankruptcy price"),
        ("deleveraged", "notional = notional + 1", "by the log"),
        ("deleveraged", "bankruptcy_price = bankruptcy_price - 1", "by the log"),
    ],
)
def test_a_step_that_was_traded_otherwise(desk, kind, what, said):
    found = broken_by(change(desk.step(kind), what))
    assert set(found) - {"L6-LIQUIDATION"} == {"L6-REDUCED"}
    [row] = found["L6-REDUCED"]
    assert said in row["wrong"]


def test_a_deleveraging_that_no_step_tells_of(desk):
    found = broken_by(change(desk.step("deleveraged"), "kind = 'recovered'"))
    assert {"L6-REDUCED", "L6-LIQUIDATION"} == set(found)
    assert all("no step says so" in row["wrong"] for row in found["L6-REDUCED"])


@pytest.mark.parametrize(
    "what", ["to_insurance = to_insurance + 1", "to_insurance = to_insurance - 0.00000001"]
)
def test_a_surplus_that_a_step_tells_wrongly(desk, what):
    found = broken_by(change(desk.step("fund_paid"), what))
    assert set(found) == {"L6-INSURANCE", "L6-LIQUIDATION"}
    assert [row["account_id"] for row in found["L6-INSURANCE"]] == [desk.dave]


def move(account_id, amount):
    return (
        f"UPDATE accounts_balance SET available = available + {amount} WHERE account_id = {account_id}"
        " AND asset = 'USDT'"
    )


def pay_from_the_fund(desk, account_id, amount, kind="liquidation"):
    return [
        "INSERT INTO accounts_ledgertransaction (id, kind, reference, reason, created_at)"
        f" VALUES (987654321, '{kind}', 'BTC-PERP', '', now())",
        "INSERT INTO accounts_posting (transaction_id, account_id, asset, amount) VALUES"
        f" (987654321, {account_id}, 'USDT', {amount}), (987654321, {desk.insurance}, 'USDT', -({amount}))",
        move(account_id, amount),
        move(desk.insurance, f"-({amount})"),
    ]


def test_a_surplus_that_the_ledger_does_not_know(desk):
    """Taken from somebody who was not liquidated."""
    found = broken_by(*pay_from_the_fund(desk, desk.frank, "-0.00000001"))
    assert set(found) - {"L6-WATCH"} == {"L6-INSURANCE"}
    assert [row["account_id"] for row in found["L6-INSURANCE"]] == [desk.frank]


def test_a_surplus_that_was_kept_by_the_one_who_was_liquidated(desk):
    """The fund gave it back: what was given is in the log, and less than that is there."""
    found = broken_by(
        f"UPDATE accounts_posting SET amount = amount / 2 WHERE transaction_id = {desk.moves['liquidation']}",
        *(
            f"UPDATE accounts_balance b SET available = available + (SELECT sum(p.amount) FROM accounts_posting p"
            f" WHERE p.account_id = b.account_id AND p.asset = 'USDT') - available - held"
            f" WHERE account_id = {account} AND asset = 'USDT'"
            for account in (desk.alice, desk.insurance)
        ),
    )
    assert set(found) - {"L6-WATCH", "L8-UNITS"} == {"L6-INSURANCE"}


def test_a_fund_that_pays_for_something_else(desk):
    found = broken_by(*pay_from_the_fund(desk, desk.bob, "5", "funding"))
    assert {"L6-INSURANCE", "L6-FUNDING"} == set(found)
    assert "funding" in found["L6-INSURANCE"][0]["wrong"]


def test_what_the_fund_covered_is_no_violation(desk):
    """Gina had less than she lost, and no liquidation says so."""
    assert desk.balance("gina", "USDT") == ("0", "0")
    assert not desk.liquidations("gina")
    assert broken_by() == {}
