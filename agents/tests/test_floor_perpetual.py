"""The agents in a perpetual: depth around the index, positions near flat, and a book at once after a jump."""

from decimal import Decimal

import pytest

from accounts.models import Balance
from agents import cast, selectors
from agents.floor import Floor
from risk.models import Position
from trading.audit import audit
from trading.models import Order, Trade
from trading.selectors import book_snapshot
from trading.services import PlacedOrder
from trading.tests.perpetual_desk import ETH_PERP, PERP, PerpetualDesk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def exchange():
    return PerpetualDesk(people=("alice", "admin"))


@pytest.fixture
def floor(exchange):
    floor = Floor(seed=7, say=print)
    yield floor
    floor._lock.release()


def rounds(floor, first, last, step=0.25):
    """From one second to another."""
    for tick in range(int(first / step), int(last / step)):
        floor.round(tick * step)


def sizes(symbol=PERP):
    rows = Position.objects.filter(market__symbol=symbol, account__user__username__in=cast.LIQUIDITY_AGENTS)
    return {row.account.user.username: row.size for row in rows.select_related("account__user")}


def test_the_first_round_gives_the_book_depth_on_both_sides_of_the_index(exchange, floor):
    exchange.marks("50000", index="50500")
    floor.round(0.0)
    book = book_snapshot(PERP)
    assert len(book.bids) >= 12 and len(book.asks) >= 12
    assert book.bids[0][0] < 50_500 < book.asks[0][0]
    assert len(book_snapshot(ETH_PERP).bids) >= 12
    assert not Order.objects.filter(status="rejected").exists()


def test_usdt_is_all_they_need_to_sell(exchange, floor):
    floor.round(0.0)
    Balance.objects.filter(asset="BTC", account__user__username__in=cast.LIQUIDITY_AGENTS).delete()
    rounds(floor, 1, 3)
    assert len(book_snapshot(PERP).asks) >= 12


def test_for_a_while_there_are_prints_and_nobody_builds_a_large_position(exchange, floor):
    rounds(floor, 0, 30, step=0.5)
    assert Trade.objects.filter(market__symbol=PERP).count() >= 10
    held = sizes()
    assert sum(held.values()) == 0
    assert max(abs(size) for size in held.values()) <= 10  # of 100 BTC that they would have on spot
    assert audit().violations == []


def test_who_holds_a_position_leans_against_it(exchange, floor):
    floor.round(0.0)
    desk = floor._desks[PERP]
    maker = selectors.members(cast.MAKERS)[cast.MAKERS[0]]
    agents = selectors.holdings([maker.account_id])

    def purse(size):
        moment = type(
            "M", (), {"holdings": agents, "positions": {maker.account_id: Decimal(size)}, "index": 500_000}
        )
        return desk._room(maker.account_id, moment)

    assert purse("0").imbalance(100) == 0
    assert purse("1.25").imbalance(100) == 50
    assert purse("-2.5").imbalance(100) == -100
    assert purse("9").quote < purse("0").quote < purse("-2").quote
    assert purse("10.5").quote == 0 and purse("-10.5").base == 0


def test_within_two_seconds_after_a_jump_there_is_a_book_at_the_new_price(exchange, floor):
    rounds(floor, 0, 2)
    bought = exchange.buys("alice", "0.5", symbol=PERP)
    assert isinstance(bought, PlacedOrder) and bought.order.status == "filled"
    exchange.marks("45000")
    rounds(floor, 2, 4)
    book = book_snapshot(PERP)
    assert 44_900 < book.bids[0][0] < 45_000 < book.asks[0][0] < 45_100
    assert sum(quantity for _, quantity in book.bids) > 3
    sold = exchange.sells("alice", "0.5", at="44900", symbol=PERP, time_in_force="ioc")
    assert sold.order.status == "filled"
    assert exchange.position("alice") == "flat"
