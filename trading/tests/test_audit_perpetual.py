"""The rules about orders and trades where they go by positions, proved by corrupting what they guard."""

import pytest

from accounts.models import Account
from risk.models import Position
from trading.audit import audit
from trading.models import Trade
from trading.tests.audit_desk import broken_by
from trading.tests.laws import broken_laws
from trading.tests.perpetual_desk import PERP, PerpetualDesk


@pytest.fixture
def desk(transactional_db):
    """Alice was long 2 and is short 1, Bob is long 1 in isolation and has quotes, Carol stands by."""
    desk = PerpetualDesk()
    assert not isinstance(desk.leverages("bob", 5, "isolated"), str)
    desk.trades("alice", "bob", "2", at="50000")
    desk.trades("bob", "alice", "3", at="50100")
    desk.buys("bob", "0.5", at="49000", symbol=PERP)
    desk.sells("carol", "0.1", at="51000", symbol=PERP)
    desk.sells("carol", "0.1", at="61000", symbol="BTC-USDT")
    return desk


def test_a_day_in_a_perpetual_holds_every_rule(desk):
    assert (desk.position("alice"), desk.position("bob")) == ("short 1 at 50100", "long 1 at 50100")
    assert [violation.message for violation in audit().violations] == []
    assert broken_laws() == []


def test_a_requirement_that_nobody_holds(desk):
    row = Position.objects.get(account_id=desk.accounts["alice"], size__lt=0)
    found = broken_by(f"UPDATE risk_position SET requirement = requirement + 5 WHERE id = {row.pk}")
    assert [each["account_id"] for each in found["L2-HELD"]] == [desk.accounts["alice"]]


def test_an_isolated_margin_that_nobody_holds(desk):
    account = desk.accounts["bob"]
    found = broken_by(
        f"UPDATE risk_position SET isolated_margin = isolated_margin - 1 WHERE account_id = {account}"
    )
    assert [each["account_id"] for each in found["L2-HELD"]] == [account]


def post(trade, *lines):
    values = ", ".join(f"({trade.ledger_transaction_id}, {account}, 'USDT', {n})" for account, n in lines)
    return f"INSERT INTO accounts_posting (transaction_id, account_id, asset, amount) VALUES {values}"


def test_a_fee_that_went_to_the_clearing_account(desk):
    trade = Trade.objects.filter(market__symbol=PERP).first()
    fees, clearing = (Account.objects.get(name=f"{name}:{PERP}").pk for name in ("fees", "clearing"))
    found = broken_by(post(trade, (fees, "-1"), (clearing, "1")))
    assert [(each["trade_id"], each["account_id"]) for each in found["L1-TRADE"]] == [(trade.pk, fees)]


def test_a_trade_that_pays_somebody_else(desk):
    trade = Trade.objects.filter(market__symbol=PERP).first()
    carol, alice = desk.accounts["carol"], desk.accounts["alice"]
    found = broken_by(post(trade, (carol, "1"), (alice, "-1")))
    assert [each["account_id"] for each in found["L1-TRADE"]] == [carol]


def test_a_fee_is_judged_by_the_cost_whichever_side_pays_it(desk):
    trade = Trade.objects.filter(market__symbol=PERP).first()
    found = broken_by(f"UPDATE trading_trade SET maker_fee = {trade.cost} WHERE id = {trade.pk}")
    [row] = found["L4-FEE"]
    assert (row["party"], row["asset"], row["received"]) == ("maker", "USDT", "100000")
