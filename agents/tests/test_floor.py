"""The runner on a real book, round by round, with the seconds told to it."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError, connection

from accounts.models import User
from accounts.services import register_user, suspend_user
from agents import cast, selectors
from agents.floor import Floor
from common import clock
from market.models import Price
from market.services import set_price
from trading.models import Order, Trade
from trading.selectors import book_snapshot, open_orders
from trading.services import PlacedOrder, set_market_status
from trading.tests.laws import broken_laws

pytestmark = pytest.mark.django_db(transaction=True)

SYMBOL = "BTC-USDT"


@pytest.fixture
def said():
    return []


@pytest.fixture
def floor(exchange, said):
    floor = Floor(seed=7, say=said.append)
    yield floor
    floor._lock.release()


def rounds(floor, first, last, step=0.25):
    """From one second to another; how many requests were sent."""
    sent = 0
    for tick in range(int(first / step), int(last / step)):
        sent += sum(len(each) for each in floor.round(tick * step).values())
    return sent


def orders_of_agents():
    accounts = [member.account_id for member in selectors.members(cast.LIQUIDITY_AGENTS).values()]
    return Order.objects.filter(account_id__in=accounts, status__in=Order.OPEN_STATUSES).count()


def test_the_first_round_gives_the_book_depth_on_both_sides_of_the_price(floor):
    floor.round(0.0)
    book = book_snapshot(SYMBOL)
    assert len(book.bids) >= 12 and len(book.asks) >= 12
    assert book.bids[0][0] < 60_000 < book.asks[0][0]
    assert 0 < book.asks[0][0] - book.bids[0][0] < 30


def test_prints_come_within_seconds_and_every_law_holds(floor):
    rounds(floor, 0, 10)
    assert Trade.objects.count() >= 5
    assert broken_laws() == []


def test_quotes_follow_the_price_in_one_batch_and_only_what_has_to_move(floor):
    rounds(floor, 0, 2)
    set_price(SYMBOL, Decimal(60_012), "simulation")
    sent = rounds(floor, 2, 3)
    book = book_snapshot(SYMBOL)
    assert book.bids[0][0] < 60_012 < book.asks[0][0]
    assert 0 < sent < 40


def test_a_stale_order_of_somebody_is_taken_so_that_prices_follow_the_index(exchange, floor):
    rounds(floor, 0, 1)
    exchange.buys("alice", "0.05", at="59990")
    set_price(SYMBOL, Decimal(59_000), "simulation")
    rounds(floor, 1, 4)
    assert exchange.balance("alice", "BTC")[0] > "1"
    assert book_snapshot(SYMBOL).bids[0][0] < 59_000


def test_anyone_can_trade_with_the_agents(exchange, floor):
    rounds(floor, 0, 1)
    bought = exchange.buys("alice", "0.01")
    assert isinstance(bought, PlacedOrder) and bought.order.status == "filled"


def test_agents_stand_aside_while_a_replay_has_the_price_and_come_back(floor, said):
    rounds(floor, 0, 2)
    set_price(SYMBOL, Decimal(61_000), "replay", clock.now() + timedelta(minutes=1))
    floor.round(2.0)
    assert orders_of_agents() == 0
    assert rounds(floor, 2.25, 5) == 0
    set_price(SYMBOL, Decimal(61_000), "replay", None)
    rounds(floor, 5, 7)
    assert orders_of_agents() > 20
    assert said == [
        f"{SYMBOL}: a replay has the market, standing aside",
        f"{SYMBOL}: all is well again",
    ]


def test_agents_wait_while_the_market_is_halted(floor):
    rounds(floor, 0, 2)
    set_market_status(SYMBOL, "halted")
    assert rounds(floor, 2, 5) == 0
    set_market_status(SYMBOL, "open")
    assert rounds(floor, 5, 8) > 0


def test_a_suspended_agent_leaves_the_book_and_the_others_go_on(exchange, floor):
    rounds(floor, 0, 2)
    user = User.objects.get(username="agent-maker-1")
    suspend_user(user, "a test", by=User.objects.get(username="admin"))
    rounds(floor, 4, 7)
    assert not open_orders(user.account.pk).exists()
    other = User.objects.get(username="agent-maker-2")
    assert open_orders(other.account.pk).count() > 20


def test_no_news_of_the_price_means_wider_quotes_and_not_none(floor, said):
    rounds(floor, 0, 2)
    tight = book_snapshot(SYMBOL)
    Price.objects.update(updated_at=clock.now() - timedelta(minutes=5))
    rounds(floor, 2, 4)
    wide = book_snapshot(SYMBOL)
    assert wide.asks[0][0] - wide.bids[0][0] > tight.asks[0][0] - tight.bids[0][0]
    assert said == [f"{SYMBOL}: no news of the price, quoting wider"]


def test_leftovers_of_a_killed_run_are_taken_up_and_put_right(floor, exchange):
    rounds(floor, 0, 2)
    left = orders_of_agents()
    set_price(SYMBOL, Decimal(50_000), "simulation")
    second = Floor(seed=8, say=print)
    floor._lock.release()
    rounds(second, 0, 2)
    second._lock.release()
    book = book_snapshot(SYMBOL)
    assert book.bids[0][0] < 50_000 < book.asks[0][0]
    assert left > 0 and orders_of_agents() <= 60


def test_a_stopped_floor_leaves_no_quotes(floor):
    stopping = threading.Event()
    rounds(floor, 0, 2)
    assert orders_of_agents() > 0
    stopping.set()
    floor.run(stopping)
    assert orders_of_agents() == 0


def test_the_database_away_is_said_once_and_outlived(floor, said, monkeypatch):
    stopping = threading.Event()
    waits = []
    monkeypatch.setattr(stopping, "wait", waits.append)
    fails = iter([True, True, True, False])

    def round_(now):
        if next(fails):
            raise OperationalError("connection refused")
        stopping.set()

    monkeypatch.setattr(floor, "round", round_)
    floor.run(stopping)
    assert said == ["The exchange: not to be reached, trying again", "The exchange: all is well again"]
    assert waits[:3] == sorted(waits[:3]) and waits[2] > waits[0]


def test_a_name_that_belongs_to_a_person_is_said_and_nobody_is_paid(floor, said, monkeypatch):
    register_user("agent-maker-1", "somebody@example.org", "a-good-long-pass-9")
    stopping = threading.Event()
    monkeypatch.setattr(stopping, "wait", lambda seconds: stopping.set())
    floor.run(stopping)
    assert said == [
        "The exchange: The user name agent-maker-1 belongs to somebody; an agent needs it. Trying again"
    ]
    assert Order.objects.count() == 0


def test_a_lost_connection_costs_one_round_and_no_order(floor):
    rounds(floor, 0, 2)
    connection.close()
    rounds(floor, 2, 4)
    assert orders_of_agents() > 20
    assert broken_laws() == []
