"""`manage.py export` of a perpetual: what happens there beside orders and trades."""

import csv
import io
import json
from decimal import Decimal

import pytest
from django.core.management import call_command

from risk.models import Contract
from trading import services
from trading.history.tape import DELEVERAGE, FUNDING, RISK
from trading.tests.desk import later
from trading.tests.perpetual_desk import PERP, PerpetualDesk

HOURS = 9  # until funding has been due once


@pytest.fixture
def desk(transactional_db):
    """Alice chose 10x and paid a funding; then nobody bid, and Bob was closed against her."""
    desk = PerpetualDesk(funds={"USDT": "6000"}, tiers={"alice": "intermediate"})
    desk.deposits("bob", "1000000")
    desk.leverages("alice", 10)
    desk.trades("alice", "bob", "1", at="50000")
    Contract.objects.update(interest_rate=Decimal("0.0001"))
    desk.marks("50000")
    with later(HOURS * 3600):
        services.settle_funding()
        desk.marks("43900")
        services.sweep_liquidations()
    assert (desk.position("alice"), desk.position("bob")) == ("flat", "flat")
    return desk


def rows_of(action):
    output = io.StringIO()
    call_command("export", PERP, stdout=output)
    rows = csv.DictReader(io.StringIO(output.getvalue()))
    return [{name: text for name, text in row.items() if text} for row in rows if row["action"] == action]


def test_a_deleveraging_names_both_sides_its_price_and_its_quantity(desk):
    [row] = rows_of(DELEVERAGE)
    step = desk.liquidation("alice").steps.get(kind="deleveraged")
    assert row | {"sequence": "", "time": ""} == {
        "sequence": "", "time": "", "action": "deleverage", "account": str(desk.accounts["alice"]), "side": "sell",
        "maker_account": str(desk.accounts["bob"]), "price": f"{step.bankruptcy_price.normalize():f}",
        "quantity": "1",
    }  # fmt: skip


def test_a_funding_tells_the_mark_price_the_rate_and_the_index_after_it(desk):
    [row] = rows_of(FUNDING)
    assert row["price"] == "50000" and "account" not in row
    details = json.loads(row["details"])
    # 0.01 % of 50,000 USDT are 5 USDT; of a lot of 0.001 BTC, 500,000 units of 10^-8, told in 10^-8 of them
    assert details == {"rate": 10_000, "funding_index": 500_000 * 10**8}


def test_a_change_of_leverage_and_each_step_of_a_liquidation_are_told(desk):
    rows = rows_of(RISK)
    assert {row["account"] for row in rows if row["reason"] in ("leverage", "liquidation")} == {
        str(desk.accounts["alice"])
    }
    [leverage] = [row for row in rows if row["reason"] == "leverage"]
    assert json.loads(leverage["details"]) == {"leverage": 10, "mode": "cross"}
    told = [json.loads(row["details"])["step"] for row in rows if row["reason"] == "liquidation"]
    steps = desk.liquidation("alice").steps.order_by("number").values_list("kind", flat=True)
    assert told == [*steps]
