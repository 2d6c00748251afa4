"""What a margin account that owes may place: no order, now or when it fires, trades borrowed money away."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import LedgerTransaction
from common.errors import Refused
from risk.spot_margin import Health
from trading import audit, services
from trading.services import admit_on_margin as admission
from trading.services import margin_account
from trading.tests.desk import new_order
from trading.tests.laws import broken_laws
from trading.tests.margin_market import MarginFloor

REFUSED = "INSUFFICIENT_MARGIN"


@pytest.fixture
def floor(transactional_db):
    """Alice owes 4,000.04 and has 500 USDT and 0.08982 BTC: 946 of equity, of which she may lose 866."""
    floor = MarginFloor()
    floor.is_long("alice")
    yield floor
    assert broken_laws() == []
    with connection.cursor() as cursor:
        assert audit.check(cursor).violations == []


def stop(quantity="0.0898", at=None, type="stop_limit", trigger="49990", **terms):
    return new_order("sell", quantity, at, type=type, trigger=trigger, **terms)


@pytest.mark.parametrize("source", ["index", "last"])
def test_a_stop_does_not_walk_borrowed_money_to_a_friend(floor, source):
    """Its trigger is one tick away, its limit a fifth of the price: the friend's bid would be the best."""
    pool = floor.pool()
    assert floor.places("alice", stop(at="10000", trigger_source=source)) == REFUSED
    floor.buys("carol", "0.0898", "10000")
    floor.index_moves("49989")
    floor.sweep()
    assert floor.has("alice", "BTC") == "0.08982" and floor.pool() == pool
    assert floor.stands("alice").health is Health.HEALTHY
    assert not LedgerTransaction.objects.filter(kind="write_off").exists()


@pytest.mark.parametrize(
    "order",
    [
        stop(type="stop_market", trigger="11000", trigger_source="last"),  # the last price is anybody's
        stop(type="take_profit_limit", trigger="50010", at="10000"),
        stop(type="trailing_stop", trigger=None, trail_percent="0.1", trigger_source="last"),
        stop(type="trailing_stop", trigger=None, trail_amount="20000", trigger_source="index"),
        new_order("sell", "0.0898", "10000"),
        new_order("buy", "0.0049", "100000", type="stop_limit", trigger="50010"),
    ],
)
def test_no_other_order_does_either(floor, order):
    floor.index_moves("41500")  # 180 of equity
    assert floor.places("alice", order) == REFUSED


@pytest.mark.parametrize(
    ("order", "fires_at"),
    [
        (stop(at="45000", trigger="45100", trigger_source="index"), "45050"),
        (stop(at="49900", trigger="49990", trigger_source="index"), "49980"),
        (stop(type="stop_market", trigger="48000", trigger_source="index"), "47990"),
        (stop(type="take_profit_limit", trigger="55000", at="54900", trigger_source="index"), "55010"),
        (stop(type="take_profit_market", trigger="55000", trigger_source="index"), "55010"),
        (stop(type="trailing_stop", trigger=None, trail_percent="1", trigger_source="index"), "49400"),
    ],
)
def test_a_harmless_stop_is_taken_and_fires(floor, order, fires_at):
    placed = floor.places("alice", order)
    assert floor.fate(placed) == "pending_trigger"
    floor.buys("mark", "1", fires_at)
    floor.index_moves(fires_at)
    assert floor.fate(placed) == "filled"


def test_a_stop_that_fires_keeps_the_account_well(floor):
    placed = floor.places("alice", stop(at="45000", trigger="49990", trigger_source="index"))
    floor.buys("carol", "0.0898", "45000")
    floor.index_moves("49989")
    assert floor.fate(placed) == "filled"
    assert floor.stands("alice").equity > floor.stands("alice").maintenance_margin


@pytest.mark.parametrize(
    ("order", "taken"),
    [
        (stop("0.07", type="take_profit_limit", trigger="62000", at="49000", trigger_source="index"), False),
        (stop("0.07", type="take_profit_limit", trigger="62000", at="61900", trigger_source="index"), True),
        (stop("0.07", at="45000", trigger="49990", trigger_source="last"), False),
        (stop("0.07", at="45000", trigger="49990", trigger_source="mark"), True),
    ],
)
def test_what_is_owed_is_not_spent_at_a_price_that_is_good_only_now(floor, order, taken):
    """Bob owes the coins that he offers: by the index he stays well whatever it does, and so would wait with ease."""
    floor.moves_in("bob", "800")
    floor.borrows("bob", "0.07", "BTC")
    placed = floor.places("bob", order)
    assert (placed != REFUSED) is taken
    if taken:
        floor.changes("bob", placed, price="20000")
        assert floor.order(placed).price == order.price


def test_orders_that_wait_count_with_those_that_come(floor):
    assert floor.fate(floor.places("alice", stop("0.04", at="35000"))) == "pending_trigger"
    assert floor.places("alice", stop("0.04", at="35000")) == REFUSED
    assert floor.places("alice", new_order("sell", "0.04", "35000")) == REFUSED


def test_a_waiting_order_is_not_changed_into_a_dangerous_one(floor):
    placed = floor.places("alice", stop("0.0798", at="45000"))
    market = floor.places("alice", stop("0.01", type="stop_market"))
    assert floor.changes("alice", placed, price="10000") == REFUSED
    assert floor.changes("alice", market, trigger_price="1000") == REFUSED
    assert floor.changes("alice", placed, price="44900").price == Decimal("44900")


def test_the_collateral_of_a_waiting_order_does_not_leave(floor):
    """Bob owes 1,000 and has 500 and 0.0499 BTC: 1,970 of equity, of which his stop may cost 1,497."""
    floor.is_long("bob", "2000", "1000", "0.05")
    placed = floor.places("bob", stop("0.0499", at="20000"))
    with pytest.raises(Refused, match="open orders"):
        margin_account.transfer(floor.user("bob"), "USDT", Decimal(480), False)
    margin_account.transfer(floor.user("bob"), "USDT", Decimal(400), False)
    assert floor.has("bob", "USDT") == "100"
    floor.cancels("bob-margin", placed)
    margin_account.transfer(floor.user("bob"), "USDT", Decimal(80), False)


def test_nor_is_borrowed_on_it(floor):
    """Bob owes nothing when he offers his coin for a fifth: with a loan it would be the lender's affair."""
    floor.moves_in("bob", "0.02", "BTC")
    assert floor.fate(floor.places("bob", new_order("sell", "0.02", "1000", post_only=True))) == "open"
    with pytest.raises(Refused, match="open orders"):
        margin_account.borrow(floor.user("bob"), "USDT", Decimal(1500))
    assert floor.owes("bob") == "0"
    margin_account.borrow(floor.user("bob"), "USDT", Decimal(400))
    assert floor.owes("bob") == "400.004"


def test_orders_sent_at_the_same_moment_are_judged_together(floor, monkeypatch):
    """Each alone would leave enough: all four are asked for before one of them has been placed."""
    real = admission.margin_account

    def slow(*arguments):
        found = real(*arguments)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.2)")
        return found

    monkeypatch.setattr(admission, "margin_account", slow)

    def place(_):
        try:
            return floor.places("alice", new_order("sell", "0.02", "20000", post_only=True))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(place, range(4)))
    assert outcomes.count(REFUSED) == 3


def test_a_market_order_goes_no_further_than_it_was_judged_by(floor):
    """The last price is a fifth of the index: it is not what Alice's order may trade by."""
    floor.sells("mark", "0.001", "10000")
    floor.buys("carol", "0.001", "10000")
    floor.buys("carol", "0.0898", "10000")
    placed = floor.places("alice", new_order("sell", "0.0898"))
    assert (placed.order.filled_quantity, floor.order(placed).status) == (0, "cancelled")


def test_the_same_order_sent_again_is_that_order(floor):
    order = stop("0.05", at="35000", client_order_id="mine")
    first, again = floor.places("alice", order), floor.places("alice", order)
    assert again.replayed and again.order.id == first.order.id


def test_who_waits_too_long_for_the_account_is_told(floor):
    def place():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '50ms'")
            return floor.places("alice", stop(at="45000"))
        finally:
            connection.close()

    with services.hold_margin_account(floor.user("alice")), ThreadPoolExecutor(1) as pool:
        assert pool.submit(place).result() == "UNAVAILABLE"
