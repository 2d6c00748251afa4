"""Each rule about positions, profits and funding, proved by corrupting what it guards."""

import pytest
from django.db import connection

from trading.tests.audit_desk import broken_by, empty_the_database
from trading.tests.perpetual_day import PerpetualDay
from trading.tests.perpetual_desk import PERP

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


def position(desk, account_id, *changes):
    where = f"market_id = {desk.btc} AND account_id = {account_id}"
    return f"UPDATE risk_position SET {', '.join(changes)} WHERE {where}"


def move(account_id, amount, columns="available"):
    return (
        f"UPDATE accounts_balance SET {columns} = {columns} + {amount} WHERE account_id = {account_id} "
        "AND asset = 'USDT'"
    )


def sooner(desk, account_id):
    """Looked at so early that a few units more or less do not matter."""
    return position(desk, account_id, "watch_price = watch_price + CASE WHEN size > 0 THEN 999 ELSE -999 END")


def post(transaction_id, *lines):
    values = ", ".join(f"({transaction_id}, {account_id}, 'USDT', {amount})" for account_id, amount in lines)
    return f"INSERT INTO accounts_posting (transaction_id, account_id, asset, amount) VALUES {values}"


def adjust(*lines):
    """Money moved with a reason, as an administrator could with the database in hand."""
    values = "SELECT 987654321, 'adjustment', '', 'a test', id, now() FROM accounts_user LIMIT 1"
    return [
        f"INSERT INTO accounts_ledgertransaction (id, kind, reference, reason, actor_id, created_at) {values}",
        post(987654321, *lines),
        *(move(account_id, amount) for account_id, amount in lines),
    ]


def test_a_day_of_everything_breaks_no_rule(desk):
    assert broken_by() == {}
    assert {step.kind for step in desk.closed.steps.all()} == {
        "warned",
        "reduced",
        "fund_paid",
        "deleveraged",
        "closed",
    }
    assert desk.balance_of(f"funding:{PERP}") not in ("0", None)


def test_a_position_that_is_larger_than_its_trades(desk):
    """Without the one on the other side the contract does not net to zero."""
    found = broken_by(position(desk, desk.frank, "size = size + 0.001"), sooner(desk, desk.frank))
    assert set(found) == {"L6-NET", "L6-POSITION", "L6-ZERO"}
    assert found["L6-NET"] == [{"symbol": PERP, "size": "0.001"}]


def test_lots_that_moved_from_one_long_to_another(desk):
    """The contract nets to zero still; the log knows better."""
    found = broken_by(
        position(desk, desk.frank, "size = size + 0.001"),
        position(desk, desk.alice, "size = size - 0.001"),
        sooner(desk, desk.frank),
        sooner(desk, desk.alice),
    )
    assert set(found) == {"L6-POSITION"}
    assert {row["account_id"] for row in found["L6-POSITION"]} == {desk.frank, desk.alice}


@pytest.mark.parametrize(
    ("change", "also"),
    [
        ("leverage = leverage + 1", {"L6-REQUIRED"}),
        ("realised_profit = realised_profit + 0.00000001", {"L6-ZERO"}),
        ("fees_paid = fees_paid - 0.00000001", {"L6-ZERO"}),
        ("funding_paid = funding_paid + 0.00000001", {"L6-ZERO", "L6-FUNDING"}),
        ("mode = 'isolated'", {"L6-REQUIRED", "L6-WATCH"}),
    ],
)
def test_a_position_that_is_not_what_the_log_makes_of_it(desk, change, also):
    found = broken_by(position(desk, desk.alice, change))
    assert set(found) == {"L6-POSITION"} | also
    assert [row["account_id"] for row in found["L6-POSITION"]] == [desk.alice]


def test_an_isolated_margin_that_nobody_gave(desk):
    """Held as well, so that only the log tells."""
    found = broken_by(
        position(desk, desk.erin, "isolated_margin = isolated_margin + 1"),
        move(desk.erin, 1, "held"),
        move(desk.erin, -1),
    )
    assert set(found) == {"L6-POSITION"}


def test_a_position_that_is_lost(desk):
    found = broken_by(f"DELETE FROM risk_position WHERE market_id = {desk.btc} AND account_id = {desk.dave}")
    assert set(found) >= {"L6-POSITION", "L6-ZERO"}
    assert [row["account_id"] for row in found["L6-POSITION"]] == [desk.dave]


def test_a_clearing_account_that_has_paid_somebody(desk):
    found = broken_by(*adjust((desk.clearing, "-5"), (desk.bob, "5")))
    assert found == {
        "L6-CLEARING": [
            {"symbol": PERP, "cost": desk.cost(), "balance": desk.balance_less(desk.clearing, "5")}
        ]
    }


def test_profits_that_went_to_the_wrong_side_of_a_trade(desk):
    """The trade's postings sum to zero, its fees are right, and balances agree; only the replay tells."""
    taker, maker, transaction_id = (
        desk.trade.taker_account_id, desk.trade.maker_account_id, desk.trade.ledger_transaction_id,
    )  # fmt: skip
    found = broken_by(
        post(transaction_id, (taker, "3"), (maker, "-3")),
        move(taker, 3),
        move(maker, -3),
        sooner(desk, maker),
    )
    assert set(found) == {"L6-REALISED"}
    assert {row["account_id"] for row in found["L6-REALISED"]} == {taker, maker}


def test_a_profit_by_deleveraging_that_went_to_somebody_else(desk):
    found = broken_by(
        f"UPDATE accounts_posting SET account_id = {desk.frank} WHERE account_id = {desk.dave}"
        f" AND transaction_id = {desk.moves['deleveraging']}",
        *desk.swap_posting("deleveraging", desk.dave, desk.frank),
    )
    assert set(found) == {"L6-REALISED"}
    assert {row["account_id"] for row in found["L6-REALISED"]} == {desk.dave, desk.frank}


def test_profits_that_the_clearing_account_does_not_have(desk):
    """Costs and profits of a row off by the same: the sums over the contract do not come out even."""
    found = broken_by(position(desk, desk.bob, "realised_profit = realised_profit + 1"))
    assert set(found) == {"L6-ZERO", "L6-POSITION"}
    assert found["L6-ZERO"][0]["total"] == "1"


def test_funding_that_the_log_knows_nothing_of(desk):
    found = broken_by(
        position(desk, desk.alice, "funding_paid = funding_paid + 1"),
        post(desk.moves["funding"], (desk.alice, "-1"), (desk.funding, "1")),
        move(desk.alice, -1),
        move(desk.funding, 1),
        sooner(desk, desk.alice),
    )
    assert set(found) == {"L6-POSITION", "L6-REMAINDER"}


def test_a_funding_account_that_does_not_have_what_was_paid(desk):
    found = broken_by(*adjust((desk.funding, "-0.5"), (desk.bob, "0.5")))
    assert set(found) == {"L6-FUNDING", "L6-ZERO"}
    assert [row["account_id"] for row in found["L6-FUNDING"]] == [desk.funding]


def test_funding_that_came_from_somebody_else(desk):
    payer = desk.payer_of_funding()
    found = broken_by(
        f"UPDATE accounts_posting SET account_id = {desk.bob} WHERE account_id = {payer}"
        f" AND transaction_id = {desk.moves['funding']}",
        *desk.swap_posting("funding", payer, desk.bob),
        sooner(desk, desk.bob),
    )
    assert set(found) == {"L6-FUNDING"}
    assert {row["account_id"] for row in found["L6-FUNDING"]} == {payer, desk.bob}


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE risk_fundingpayment SET rate = rate * 2 WHERE id = {payment}", "come to"),
        ("UPDATE risk_contract SET last_funding_rate = 0 WHERE market_id = {btc}", "its last rate"),
        (
            "UPDATE risk_contract SET next_funding_at = '2020-01-01' WHERE market_id = {btc}",
            "the next is due",
        ),
        ("DELETE FROM risk_fundingpayment WHERE id = {payment}", "is missing"),
    ],
)
def test_a_funding_that_the_index_does_not_know(desk, statement, said):
    found = broken_by(statement.format(payment=desk.payment().pk, btc=desk.btc))
    assert set(found) == {"L6-INDEX"}
    assert any(said in row["wrong"] for row in found["L6-INDEX"])


def test_an_index_that_its_fundings_do_not_make(desk):
    found = broken_by(
        f"UPDATE risk_contract SET funding_index = funding_index + 1 WHERE market_id = {desk.btc}"
    )
    assert "L6-INDEX" in found
    assert set(found) <= {"L6-INDEX", "L6-REMAINDER", "L6-WATCH"}


def test_funding_that_was_moved_in_the_log_alone(desk):
    found = broken_by(
        "UPDATE trading_orderevent SET details = jsonb_set(details, '{rate}', '1')"
        f" WHERE kind = 'I' AND market_id = {desk.btc}"
    )
    assert set(found) == {"L6-INDEX"}


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE risk_contract SET exposure = exposure + 1 WHERE market_id = {btc}", {PERP, "all contracts"}),
        ("UPDATE risk_exposuretotal SET amount = amount + 0.00000001", {"all contracts"}),
    ],
)
def test_an_exposure_that_nobody_has(desk, statement, what):
    found = broken_by(statement.format(btc=desk.btc))
    assert set(found) == {"L6-EXPOSURE"}
    assert {row["what"] for row in found["L6-EXPOSURE"]} == what


def test_a_position_that_requires_less_than_its_orders_do(desk):
    """Held and counted as margin alike."""
    found = broken_by(
        position(desk, desk.carol, "requirement = requirement - 1"),
        "UPDATE accounts_balance SET margin = margin - 1, held = held - 1, available = available + 1"
        f" WHERE account_id = {desk.carol} AND asset = 'USDT'",
    )
    assert set(found) == {"L6-REQUIRED"}
    assert [row["account_id"] for row in found["L6-REQUIRED"]] == [desk.carol]


def test_an_exposure_that_its_orders_do_not_make(desk):
    found = broken_by(
        position(desk, desk.carol, "exposure = exposure + 1"),
        f"UPDATE risk_contract SET exposure = exposure + 1 WHERE market_id = {desk.btc}",
        "UPDATE risk_exposuretotal SET amount = amount + 1",
    )
    assert set(found) == {"L6-REQUIRED"}


def test_margin_that_nothing_requires(desk):
    found = broken_by(
        "UPDATE accounts_balance SET margin = margin + 1, held = held + 1, available = available - 1"
        f" WHERE account_id = {desk.bob} AND asset = 'USDT'"
    )
    assert set(found) == {"L2-MARGIN", "L2-HELD"}
    assert [row["account_id"] for row in found["L2-MARGIN"]] == [desk.bob]


def test_margin_that_is_said_to_be_held_for_something_else(desk):
    found = broken_by(
        f"UPDATE accounts_balance SET margin = margin - 1 WHERE account_id = {desk.bob} AND asset = 'USDT'",
        sooner(desk, desk.bob),
    )
    assert set(found) == {"L2-MARGIN"}


def test_a_shortage_beside_money_that_is_free(desk):
    found = broken_by(
        f"UPDATE accounts_balance SET shortage = 1, held = held - 1, available = available + 1"
        f" WHERE account_id = {desk.bob} AND asset = 'USDT'",
        dropping={"accounts_balance": "balance_margin_is_held_or_short"},
    )
    assert set(found) == {"L2-MARGIN", "L0-GUARDS-LEDGER"}


@pytest.mark.parametrize(("who", "later"), [("alice", "- 900"), ("bob", "+ 90000"), ("erin", "+ 900")])
def test_an_account_that_is_looked_at_too_late(desk, who, later):
    found = broken_by(position(desk, desk.accounts[who], f"watch_price = watch_price {later}"))
    assert set(found) == {"L6-WATCH"}
    assert [row["account_id"] for row in found["L6-WATCH"]] == [desk.accounts[who]]


def test_a_position_that_nobody_watches(desk):
    found = broken_by(position(desk, desk.alice, "watch_price = NULL"))
    assert found == {"L6-WATCH": [{"symbol": PERP, "account_id": desk.alice}]}


def test_money_that_left_an_account_with_positions_unseen(desk):
    """It must be looked at earlier now."""
    found = broken_by(*adjust((desk.alice, "-19000"), (desk.bob, "19000")))
    assert set(found) == {"L6-WATCH"}
    assert [row["account_id"] for row in found["L6-WATCH"]] == [desk.alice]


def test_a_reduce_only_order_that_opened_a_position(desk):
    """The log says so of an order that only added."""
    found = broken_by(
        'UPDATE trading_orderevent SET details = details || \'{"conditions": {"reduce_only": true}}\''
        f" WHERE kind = 'A' AND order_id = {desk.trade.taker_order_id}"
    )
    assert "L4-REDUCES" in found
    assert set(found) <= {"L4-REDUCES", "L7-CONDITIONS"}


def test_a_deleveraging_of_somebody_who_had_nothing(desk):
    found = broken_by(
        f"UPDATE trading_orderevent SET maker_account_id = {desk.gina} WHERE kind = 'D' AND sequence ="
        f" (SELECT min(sequence) FROM trading_orderevent WHERE kind = 'D' AND market_id = {desk.btc})"
        f" AND market_id = {desk.btc}"
    )
    assert "L4-REDUCES" in found
    assert [row["account_id"] for row in found["L4-REDUCES"]] == [desk.gina]


def test_a_guard_of_positions_that_is_gone(desk):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    found = broken_by(
        position(desk, desk.alice, "leverage = leverage"), dropping={"risk_position": "position_adds_up"}
    )
    assert found == {"L0-GUARDS-RISK": [{"table": "risk_position", "guard": "position_adds_up"}]}
