"""An isolated position lives on its own margin: its funding, its losses and its liquidation touch nothing else."""

from datetime import timedelta
from decimal import Decimal

import pytest

from common import clock
from risk.models import Position
from trading import services
from trading.matching_service.requests import FundingRequest
from trading.tests.perpetual_desk import ETH_PERP, PERP, PerpetualDesk

EIGHT_HOURS = timedelta(hours=8)


@pytest.fixture
def desk(transactional_db):
    people = ("alice", "bob", "carol")
    return PerpetualDesk(people, {"USDT": "6000"}, tiers=dict.fromkeys(people, "advanced"))


def funds(symbol, rate, number=1):
    """Longs pay shorts this share of what they hold; a later funding has a higher number."""
    due = clock.now() + number * EIGHT_HOURS
    services.submit(symbol, [FundingRequest(due, Decimal(rate), Decimal(0), 1, due + EIGHT_HOURS)])


def test_funding_is_paid_from_the_positions_own_margin(desk):
    desk.deposits("bob", "10000")
    desk.leverages("alice", 1, "isolated")
    desk.trades("alice", "bob", "0.1", at="50000")
    assert desk.balance("alice", "USDT") == ("995", "5002.5")
    funds(PERP, "0.001")
    assert services.settle_funding().accounts == 2
    assert desk.balance("alice", "USDT") == ("995", "4997.5")
    assert desk.row("alice").isolated_margin == Decimal("4997.5")
    assert desk.row("alice").funding_paid == 5
    funds(PERP, "-0.001", 2)
    services.settle_funding()
    assert desk.balance("alice", "USDT") == ("995", "5002.5")
    assert desk.audited() == []


def test_funding_is_paid_though_all_money_is_in_the_margin(desk):
    desk.deposits("bob", "10000")
    desk.leverages("alice", 1, "isolated")
    desk.trades("alice", "bob", "0.1", at="50000")
    services.move_margin(desk.accounts["alice"], PERP, Decimal(995))
    assert desk.balance("alice", "USDT") == ("0", "5997.5")
    funds(PERP, "0.001")
    assert services.settle_funding().accounts == 2
    assert desk.balance("alice", "USDT") == ("0", "5992.5")
    assert desk.balance_of("insurance:BTC-PERP") == "0"


def test_funding_is_paid_by_who_has_nothing_but_a_profit(desk):
    """The profit is not realised: it is owed until there is money, counts as a loss, and nobody else pays it."""
    desk.deposits("bob", "100000")
    desk.leverages("alice", 20)
    desk.trades("alice", "bob", "1", at="50000")
    desk.marks("60000")
    for number in range(1, 20):
        funds(PERP, "0.0075", number)
    assert services.settle_funding().accounts == 2
    assert desk.row("alice").funding_index == 0
    assert desk.balance_of("insurance:BTC-PERP") == "0"
    desk.deposits("alice", "10000")
    assert services.settle_funding().accounts == 1
    assert desk.row("alice").funding_paid == 8550  # 19 x 450
    assert sum(Decimal(each) for each in desk.balance("alice", "USDT")) == 6000 + 10000 - 25 - 8550
    assert desk.audited() == []


def test_taking_margin_away_leaves_what_is_owed(desk):
    desk.deposits("bob", "100000")
    desk.leverages("alice", 20, "isolated")
    desk.trades("alice", "bob", "1", at="50000")
    desk.marks("60000")
    for number in range(1, 4):
        funds(PERP, "0.0075", number)  # 450 each, of 2,525
    assert desk.moves_margin("alice", "-1300") == "INSUFFICIENT_MARGIN"
    assert desk.moves_margin("alice", "-1000").isolated_margin == 175


def test_a_price_that_would_use_up_the_margin_at_once_opens_nothing(desk):
    desk.deposits("bob", "100000")
    desk.leverages("alice", 20, "isolated")
    desk.sells("bob", "0.5", at="53000", symbol=PERP)
    assert desk.buys("alice", "0.5", at="53000", symbol=PERP) == "INSUFFICIENT_MARGIN"
    assert desk.position("alice") == "flat"
    assert desk.balance("alice", "USDT") == ("6000", "0")


def test_what_an_isolated_position_loses_never_touches_the_rest(desk):
    """10x long from 50,000, its margin 2,512.5; the price jumps to 30,000, where it has lost 10,000."""
    for name in ("bob", "carol"):
        desk.deposits(name, "100000")
    desk.leverages("alice", 10, "isolated")
    desk.leverages("alice", 10, symbol=ETH_PERP)
    desk.trades("alice", "bob", "0.5", at="50000")
    desk.trades("alice", "bob", "1", at="2500", symbol=ETH_PERP)
    apart = desk.balance("alice", "USDT")[0]
    assert apart == "3222.5"  # 6,000 less fees of 12.5 and 1.25, and margins of 2,512.5 and 251.25
    desk.marks("30000")
    services.sweep_liquidations()
    assert desk.position("alice") == "flat"
    assert desk.balance("alice", "USDT") == (apart, "251.25")
    assert desk.position("alice", ETH_PERP) == "long 1 at 2500"
    assert [each.status for each in desk.row("alice").account.liquidations.all()] == ["closed"]
    assert Position.objects.get(account_id=desk.accounts["bob"], market__symbol=PERP).size == 0
    assert desk.audited() == []
