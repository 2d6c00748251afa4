"""Money that leaves an account with positions by another way than a trade."""

from decimal import Decimal

import pytest

from accounts.models import Account, User
from common.errors import Refused
from risk.services import make_lending_terms, transfer
from trading import services
from trading.admin.adjustment import adjust
from trading.tests.perpetual_desk import PerpetualDesk


@pytest.fixture
def desk(transactional_db):
    desk = PerpetualDesk()
    make_lending_terms()
    desk.promotes("alice", "intermediate")
    desk.leverages("alice", 10)
    desk.trades("alice", "bob", "1", at="50000")  # 94,950 free, 5,025 held
    return desk


def takes(desk, amount):
    user = User.objects.get(account=desk.accounts["alice"])
    try:
        transfer(user, "USDT", Decimal(amount), to_margin=True)
    except Refused as refused:
        return refused.code.name
    return "done"


def test_what_positions_have_lost_stays(desk):
    desk.marks("48000")
    assert takes(desk, "92951") == "INSUFFICIENT_MARGIN"
    assert desk.balance("alice", "USDT") == ("94950", "5025")
    assert takes(desk, "92950") == "done"
    assert desk.balance("alice", "USDT") == ("2000", "5025")


def test_the_position_is_looked_at_earlier_from_then_on(desk):
    before = desk.row("alice").watch_price
    assert (before is not None and before < 0) or before == 0
    assert takes(desk, "94000") == "done"
    # 5,975 and 1.25 of 0.5 %: (50,000 - 5,975) / (1 - 0.00625)
    assert desk.row("alice").watch_price == Decimal("44301.9")
    desk.marks("44301.9")
    services.sweep_liquidations()
    assert desk.liquidation("alice") is None
    desk.marks("44301.8")
    services.sweep_liquidations()
    assert desk.liquidation("alice").status == "warned"


def test_an_administrators_correction_counts_too(desk):
    admin = User.objects.create(username="admin", is_staff=True)
    user = User.objects.get(account=desk.accounts["alice"])
    adjust(user, "USDT", Decimal("-94000"), "taken back", "ref-1", admin)
    assert desk.row("alice").watch_price == Decimal("44301.9")
    desk.marks("49500")
    with pytest.raises(Refused) as refused:
        adjust(user, "USDT", Decimal("-500"), "taken back", "ref-2", admin)
    assert refused.value.code.name == "INSUFFICIENT_MARGIN"
    assert Account.objects.get(pk=desk.accounts["alice"]).balances.get(asset="USDT").available == 950
