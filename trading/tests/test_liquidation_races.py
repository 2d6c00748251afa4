"""Liquidation at the same instant as whatever else happens to the account: whoever comes second goes by what the
first has left, nothing is done twice, and every unit is accounted for."""

import random
from decimal import Decimal

import pytest
from django.db import connection, transaction

from accounts.ledger import Entry
from accounts.services import outside_account, post_transaction
from risk.models import Liquidation, LiquidationStep, Position
from trading import services
from trading.models import Trade
from trading.tests.attempts import attempts_at_once
from trading.tests.other_desk import is_waiting_for_a_lock, wait_until
from trading.tests.perpetual_desk import PERP, PerpetualDesk

pytestmark = pytest.mark.django_db(transaction=True)

ADVISORY_KEY = 4719
ROUNDS = 8
LIQUIDATED_AT = "44100"  # 5,975 - 5,900 = 75, maintenance 220.5


def open_desk(people=("alice",), bids="10"):
    """Each is 10x long 1 BTC from 50,000 with 5,975 behind it, and Carol bids below the price where they are
    liquidated."""
    desk = PerpetualDesk((*people, "bob", "carol"), {})
    for who in ("bob", "carol"):
        desk.deposits(who, "10000000")
    for who in (*people, "bob", "carol"):
        desk.promotes(who, "advanced")
    for who in people:
        desk.deposits(who, "6000")
        desk.leverages(who, 10)
        desk.trades(who, "bob", "1", at="50000")
    if bids:
        desk.buys("carol", bids, at=LIQUIDATED_AT, symbol=PERP)
    return desk


@pytest.fixture
def desk():
    return open_desk()


def closing(desk, who="alice"):
    """Her own order to close, at the same bids."""
    return {
        "what": "place", "symbol": PERP, "account": desk.accounts[who], "side": "sell", "quantity": "1",
        "price": LIQUIDATED_AT, "time_in_force": "ioc", "reduce_only": True,
    }  # fmt: skip


def one_after_the_other(first, second):
    """Each a desk, a request and its arguments; the second comes when the first has matched and not yet written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_KEY])
        try:
            first[0].asks("stop_before_writing", key=ADVISORY_KEY)
            first[0].starts(first[1], **first[2])
            wait_until(lambda: is_waiting_for_a_lock(first[0].backend_pid))
            second[0].starts(second[1], **second[2])
            wait_until(lambda: is_waiting_for_a_lock(second[0].backend_pid))
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_KEY])
    return first[0].ends(), second[0].ends()


def assert_all_is_well(desk):
    assert desk.audited() == []
    sizes = Position.objects.values_list("market_id", "size")
    assert {market: sum(size for each, size in sizes if each == market) for market, _ in sizes} == {
        market: 0 for market, _ in sizes
    }
    for liquidation in Liquidation.objects.all():
        numbers = list(liquidation.steps.order_by("number").values_list("number", flat=True))
        assert numbers == list(range(1, liquidation.steps_taken + 1))
        assert [step.number for step in liquidation.steps.filter(kind="warned")] == [1]


def sold_by(who, desk):
    return sum(
        Trade.objects.filter(taker_account_id=desk.accounts[who], taker_side="sell").values_list(
            "quantity", flat=True
        )
    )


# ---- her own closing order ----


def test_the_owner_closes_first_and_there_is_nothing_to_liquidate(desk, other_desks):
    desk.marks(LIQUIDATED_AT)
    sweeper, owner = other_desks(2)
    closed, _ = one_after_the_other((owner, "attempt", closing(desk)), (sweeper, "sweep_liquidations", {}))
    assert closed["order"]["status"] == "filled"
    assert desk.position("alice") == "flat"
    assert sold_by("alice", desk) == 1
    assert not LiquidationStep.objects.filter(kind="reduced").exists()
    assert_all_is_well(desk)


def test_the_liquidation_comes_first_and_the_owner_closes_what_is_left(desk, other_desks):
    desk.marks(LIQUIDATED_AT)
    sweeper, owner = other_desks(2)
    _, closed = one_after_the_other((sweeper, "sweep_liquidations", {}), (owner, "attempt", closing(desk)))
    part = LiquidationStep.objects.get(kind="reduced").quantity
    assert 0 < part < 1
    assert Decimal(closed["order"]["filled_quantity"]) == 1 - part
    assert desk.position("alice") == "flat"
    assert sold_by("alice", desk) == 1
    assert_all_is_well(desk)


def test_nobody_knows_who_comes_first(other_desks):
    """Ten accounts, their owners' orders and two sweeps, in three processes, many times."""
    people = tuple(f"trader-{number}" for number in range(10))
    desk = open_desk(people, bids="50")
    desk.marks(LIQUIDATED_AT)
    for other in other_desks(2):
        other.starts("sweep_liquidations", at_once=2)
    attempts_at_once([closing(desk, who) for who in people])
    for other in other_desks(2):
        other.ends()
    services.sweep_liquidations()
    assert {desk.position(who) for who in people} == {"flat"}
    assert {sold_by(who, desk) for who in people} == {1}
    assert_all_is_well(desk)


# ---- money that comes or goes ----


def test_a_deposit_that_comes_first_saves_her(desk, other_desks):
    desk.marks(LIQUIDATED_AT)
    [sweeper] = other_desks(1)
    alice, outside = desk.accounts["alice"], outside_account().pk
    with transaction.atomic():
        post_transaction(
            "deposit", [Entry(alice, "USDT", Decimal(5000)), Entry(outside, "USDT", Decimal(-5000))]
        )
        sweeper.starts("sweep_liquidations")
        wait_until(lambda: is_waiting_for_a_lock(sweeper.backend_pid))
    sweeper.ends()
    assert desk.position("alice") == "long 1 at 50000"
    assert not LiquidationStep.objects.filter(kind="reduced").exists()
    assert_all_is_well(desk)


def test_a_deposit_that_comes_second_finds_what_is_left(desk, other_desks):
    desk.marks(LIQUIDATED_AT)
    sweeper, payer = other_desks(2)
    money = {"account": desk.accounts["alice"], "amount": "5000"}
    one_after_the_other((sweeper, "sweep_liquidations", {}), (payer, "deposit", money))
    assert LiquidationStep.objects.filter(kind="reduced").count() == 1
    assert desk.position("alice") != "flat"
    assert_all_is_well(desk)


def test_a_price_that_falls_while_she_buys_on_spot(desk, other_desks):
    """The order has matched and holds her balance; the sweep comes to the lock, sees it, and has it taken back."""
    sweeper, owner = other_desks(2)
    order = {
        "what": "place", "symbol": "BTC-USDT", "account": desk.accounts["alice"], "side": "buy",
        "quantity": "0.01", "price": "45000",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_KEY])
        try:
            owner.asks("stop_before_writing", key=ADVISORY_KEY)
            owner.starts("attempt", **order)
            wait_until(lambda: is_waiting_for_a_lock(owner.backend_pid))
            desk.marks(LIQUIDATED_AT)
            sweeper.starts("sweep_liquidations")
            wait_until(lambda: is_waiting_for_a_lock(sweeper.backend_pid))
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_KEY])
    placed = owner.ends()
    sweeper.ends()
    services.sweep_liquidations()
    assert placed["order"]["status"] == "open"
    assert desk.balance("alice", "USDT")[1] == desk.requirement("alice")  # the order holds nothing any more
    assert_all_is_well(desk)


# ---- sweeps ----


def test_two_sweeps_at_once_do_everything_once(other_desks):
    people = tuple(f"trader-{number}" for number in range(20))
    desk = open_desk(people, bids="50")
    for mark in ("44280", LIQUIDATED_AT, "44000"):
        desk.marks(mark)
        for other in other_desks(2):
            other.starts("sweep_liquidations", at_once=3)
        for other in other_desks(2):
            other.ends()
        assert_all_is_well(desk)
    assert Liquidation.objects.count() >= len(people)


def test_many_rounds_of_everything_at_once(other_desks):
    chance = random.Random(5)
    people = tuple(f"trader-{number}" for number in range(6))
    desk = open_desk(people, bids="100")
    for _ in range(ROUNDS):
        desk.marks(str(chance.randint(43_900, 45_000)))
        sweeper, payer = other_desks(2)
        sweeper.starts("sweep_liquidations", at_once=2)
        payer.starts(
            "deposit", account=desk.accounts[chance.choice(people)], amount=str(chance.randint(1, 900))
        )
        closing_orders = [closing(desk, chance.choice(people)) | {"quantity": "0.1"} for _ in range(4)]
        attempts_at_once(closing_orders)
        sweeper.ends()
        payer.ends()
        assert_all_is_well(desk)
