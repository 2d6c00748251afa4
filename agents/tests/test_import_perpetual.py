"""`manage.py import-orders` of a perpetual's tape: its orders are played, its margin is not."""

from decimal import Decimal

import pytest

from agents.tests.test_import_orders import (
    SYMBOL,
    TWIN,
    ends_of,
    export,
    own_name,
    play,
    tape,
    tape_name,
    trades_of,
)
from risk.models import Position
from trading import services
from trading.models import Order, OrderEvent
from trading.tests.desk import later
from trading.tests.perpetual_desk import PERP, PerpetualDesk

HEADER = "time,action,order_id,side,type,price,quantity,account,maker_account,reason,details"
NINE_HOURS = 9 * 3600


@pytest.fixture
def desk(transactional_db):
    return PerpetualDesk(funds={"USDT": "6000"}, tiers={"alice": "intermediate"})


def test_deleveragings_funding_and_changes_of_margin_are_passed_over(desk, tmp_path):
    path = tape(
        tmp_path / "t",
        '1,risk,,,,,,alice,,leverage,"{""leverage"": 10, ""mode"": ""cross""}"',
        "1,submit,a,sell,limit,60000,0.5,bob,,,",
        "2,submit,b,buy,limit,60000,0.5,alice,,,",
        '3,funding,,,,60000,,,,,"{""rate"": 10000, ""funding_index"": 600000}"',
        "4,deleverage,,sell,,54000,0.5,alice,bob,,",
        '4,risk,,,,,,alice,,liquidation,"{""step"": ""closed""}"',
        "5,risk,,,,,,,,,",
        header=HEADER,
    )
    figures = play(path, SYMBOL)
    assert (figures["orders"], figures["refused"]) == ("2 placed, 0 amended, 0 cancelled", "none")
    assert figures["our trades"] == "1, 0.5 BTC for 30000 USDT"
    assert not Position.objects.exists() and not OrderEvent.objects.filter(kind__in="DIK").exists()


def test_a_day_with_all_of_them_is_played_into_a_spot_market(desk, tmp_path):
    desk.deposits("bob", "1000000")
    desk.leverages("alice", 10)
    desk.trades("alice", "bob", "1", at="50000")
    desk.buys("alice", "0.01", at="43000", symbol=PERP)
    with later(NINE_HOURS):
        services.settle_funding()
        desk.marks("43900")
        services.sweep_liquidations()
    assert {*"DIK"} < {*OrderEvent.objects.values_list("kind", flat=True)}
    assert desk.position("bob") == "flat"
    figures = play(export(tmp_path / "day.csv", PERP), TWIN, keep_book=True)
    assert trades_of(TWIN, tape_name) == trades_of(PERP, own_name)
    assert [trade[:2] for trade in trades_of(TWIN, tape_name)] == [(50_000, Decimal(1))]
    assert (figures["refused"], figures["audit"]) == ("none", "clean")
    assert ends_of(TWIN, tape_name) == ends_of(PERP, own_name)
    ended = Order.objects.get(market__symbol=TWIN, price=43_000)
    assert ended.reason == "LIQUIDATION", "the liquidation is not played, what it cancelled is"
