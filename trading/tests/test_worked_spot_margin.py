"""The worked example of docs/spot-margin.md, number by number."""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection

from accounts.models import LedgerTransaction
from common import clock
from market.models import Market, Price
from risk.services import accrue_interest
from risk.spot_margin import Health
from trading import audit
from trading.tests.margin_market import MarginFloor

TEXT = (Path(__file__).parents[2] / "docs" / "spot-margin.md").read_text().partition("## A worked example")[2]
NUMBERS = {word.replace(",", "") for word in re.findall(r"\d[\d,]*(?:\.\d+)?", TEXT)}


@pytest.fixture
def floor(transactional_db):
    floor = MarginFloor()
    Market.objects.update(maker_fee="0.001", taker_fee="0.001")
    return floor


def told(number):
    """The number, which the text must have."""
    assert number in NUMBERS, f"{number} is not in docs/spot-margin.md"
    return Decimal(number)


def test_the_worked_example(floor, monkeypatch):
    start = clock.now()
    borrowing_and_buying(floor)
    three_hours(floor, monkeypatch, start)
    liquidated_in_part(floor)
    bankrupt(floor)
    with connection.cursor() as cursor:
        assert audit.check(cursor).violations == []


def borrowing_and_buying(floor):
    floor.moves_in("alice", "1000")
    floor.borrows("alice", "4000")
    stands = floor.stands("alice")
    assert (stands.debt, stands.equity) == (told("4000.04"), told("999.96"))
    floor.sells("mark", "0.09", "50000")
    floor.orders("alice", "buy", "0.09", "50000")
    assert (floor.has("alice", "BTC"), floor.has("alice", "USDT")) == ("0.08991", "500")
    stands = floor.stands("alice")
    assert (stands.collateral, stands.equity) == (told("4950.545"), told("950.505"))


def three_hours(floor, monkeypatch, start):
    later = start + timedelta(hours=2, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    accrue_interest()
    move(floor, "40400")
    stands = floor.stands("alice")
    assert (stands.debt, stands.maintenance_margin) == (told("4000.12"), told("80.0024"))
    assert stands.maintenance_margin * Decimal("1.25") == told("100.003")
    assert (stands.equity, stands.health) == (told("95.92036"), Health.WARNED)
    floor.sweep()
    assert floor.steps("alice") == ["warned"]


def liquidated_in_part(floor):
    floor.buys("mark", "0.02844", "40150")
    move(floor, "40200")
    assert floor.stands("alice").equity == told("78.11818")
    floor.sweep()
    assert floor.steps("alice") == ["warned", "repaid", "reduced", "repaid", "recovered"]
    _, cash, sold, repaid, _ = floor.rows(floor.liquidation("alice"))
    assert cash.details == {"paid": {"USDT": "500"}}
    assert (sold.quantity, sold.notional) == (told("0.02844"), told("1141.866"))
    assert (sold.to_insurance, str(sold.maintenance_margin.normalize())) == (told("5.70362067"), "70.0024")
    assert repaid.details == {"paid": {"USDT": str(told("1135.02051333"))}}
    stands = floor.stands("alice")
    assert (stands.debt, stands.equity) == (
        told("2365.09948667"),
        told("81.28357333").quantize(Decimal("1e-8")),
    )
    assert stands.maintenance_margin == told("47.3019897334")


def bankrupt(floor):
    floor.buys("mark", "1", "30000")
    move(floor, "30000")
    floor.sweep()
    assert floor.steps("alice") == [
        "warned", "reduced", "repaid", "fund_paid", "written_off", "closed",
    ]  # fmt: skip
    rows = {step.kind: step for step in floor.rows(floor.liquidation("alice"))}
    assert (rows["reduced"].notional, rows["reduced"].to_insurance) == (told("1844.1"), 0)
    assert rows["repaid"].details == {"paid": {"USDT": str(told("1842.2559"))}}
    assert rows["fund_paid"].details["paid"] == {"USDT in USDT": "5.70362067"}
    assert rows["written_off"].details == {"written_off": {"USDT": str(told("517.139966"))}}
    assert LedgerTransaction.objects.filter(kind="write_off").count() == 1
    assert floor.fund() == "0"


def move(floor, price):
    floor.index(price)
    Price.objects.update(updated_at=clock.now())
