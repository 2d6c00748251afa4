"""Money is neither made nor lost, to the last unit, whatever the fees, the steps and the precision: traffic of all
kinds, every balance and every fee counted after every batch."""

import random
from decimal import Decimal

import pytest
from django.db.models import Sum

from accounts.models import Account, Balance
from market.models import Asset
from market.services import set_price
from trading import audit, services
from trading.matching_service.requests import StatusRequest
from trading.models import OrderEvent, Trade
from trading.tests.desk import TradingDesk, open_market
from trading.tests.laws import broken_laws
from trading.tests.random_requests import Chance

pytestmark = pytest.mark.django_db(transaction=True)

SYMBOL = "SEA-LAND"
PEOPLE = ("alice", "bob", "carol", "dave", "erin")
FEES = [  # maker's, taker's
    ("0", "0"),
    ("0", "0.000001"),
    ("0.000001", "0.001"),
    ("0.001", "0.002"),
    ("0.1", "0.1"),
    ("0", "0.1"),
]
STEPS = [  # tick, lot, decimals of base and of quote; tick x lot is a whole number of the quote's units
    ("0.01", "0.00001", 8, 8),
    ("1", "1", 0, 0),
    ("0.5", "2", 0, 0),
    ("0.01", "1", 0, 2),
    ("0.00001", "0.001", 3, 8),
    ("0.000000001", "1000000000", 18, 0),
]
MIDDLE, LOTS = 1000, 40


def people_have():
    """What all people and fee accounts have of each asset, held or not."""
    everybody = Balance.objects.exclude(account__kind=Account.Kind.OUTSIDE).values_list("asset")
    sums = everybody.annotate(available=Sum("available"), held=Sum("held")).order_by("asset")
    return {asset: available + held for asset, available, held in sums}


def fees_of_trades():
    """What the trades say was paid in fees, by asset: the buyer pays in base, the seller in quote."""
    paid = {"SEA": Decimal(0), "LAND": Decimal(0)}
    for trade in Trade.objects.all():
        taker_gets, maker_gets = ("SEA", "LAND") if trade.taker_side == "buy" else ("LAND", "SEA")
        paid[taker_gets] += trade.taker_fee
        paid[maker_gets] += trade.maker_fee
    return paid


def fees_received():
    rows = Balance.objects.filter(account__name=f"fees:{SYMBOL}").values_list("asset", "available")
    return {"SEA": Decimal(0), "LAND": Decimal(0)} | dict(rows)


def open_for(tick, lot, base_decimals, quote_decimals, maker_fee, taker_fee):
    """A market of these steps and fees, and people with enough for most of what they ask for."""
    for code, decimals in (("SEA", base_decimals), ("LAND", quote_decimals)):
        Asset.objects.create(code=code, name=code, precision=decimals)
    rules = {"tick": Decimal(tick), "lot": Decimal(lot), "minimum_notional": 0}
    open_market(SYMBOL, maker_fee=maker_fee, taker_fee=taker_fee, **rules)
    lots = LOTS * 6
    cost = rules["tick"] * rules["lot"] * MIDDLE * lots
    return TradingDesk(PEOPLE, {"SEA": str(rules["lot"] * lots), "LAND": f"{cost:f}"}, symbols=())


@pytest.mark.parametrize("steps", STEPS, ids=[f"{step[0]} x {step[1]}" for step in STEPS])
@pytest.mark.parametrize("fees", FEES, ids=[f"{maker}-{taker}" for maker, taker in FEES])
def test_nothing_is_made_or_lost(steps, fees):
    tick, lot, *_ = steps
    desk = open_for(*steps, *fees)
    band = (MIDDLE, tick, LOTS, lot)
    chance = Chance(random.Random(f"{steps}{fees}"), SYMBOL, list(desk.accounts.values()), band)
    total = people_have()
    for number in range(16):
        set_price(SYMBOL, (MIDDLE + number % 5) * Decimal(tick), "simulation")
        services.submit(SYMBOL, [chance.request() for _ in range(10)])
        assert people_have() == total, f"after batch {number}"
        assert fees_received() == fees_of_trades(), f"after batch {number}"
    services.submit(SYMBOL, [StatusRequest("open", "", 0)])
    assert people_have() == total
    assert OrderEvent.objects.filter(kind__in="TU").count() > 5
    assert broken_laws() == []
    assert audit.audit().violations == []


@pytest.mark.parametrize("fees", FEES, ids=[f"{maker}-{taker}" for maker, taker in FEES])
def test_after_everybody_has_left_nothing_is_held(fees):
    """Every hold that was ever made is released: by a fill, by an end, or by its owner."""
    desk = open_for("0.01", "0.00001", 8, 8, *fees)
    accounts = list(desk.accounts.values())
    chance = Chance(random.Random(str(fees)), SYMBOL, accounts, (MIDDLE, "0.01", LOTS, "0.00001"))
    for _ in range(16):
        services.submit(SYMBOL, [chance.request() for _ in range(10)])
    services.submit(SYMBOL, [services.CancelAllRequest(account) for account in accounts])
    assert not Balance.objects.exclude(held=0).exists()
    assert audit.audit().violations == []
