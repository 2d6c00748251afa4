"""The database goes away at the worst moments: what was asked happens once or not at all, and one is told which."""

from unittest.mock import patch

import psycopg
import pytest
from django.db import connection

from trading import services
from trading.matching_service.batch import Batch
from trading.models import Order, OrderEvent
from trading.tests.desk import TradingDesk, new_order
from trading.tests.laws import broken_laws
from trading.tests.meddling import before, elsewhere, kill_its_connection

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = ["use_book", "match_and_settle", "lock_balances", "judge", "write"]


@pytest.fixture
def desk():
    desk = TradingDesk()
    desk.sells("bob", "0.5", at="60000")
    yield desk
    assert broken_laws() == []


def test_a_connection_that_died_between_two_orders_is_opened_again(desk):
    pid = connection.connection.info.backend_pid
    elsewhere(lambda: kill(pid))
    assert desk.buys("alice", "0.1", at="60000").order.status == "filled"


def kill(pid):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    return True


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("client_order_id", ["", "lunch"])
def test_a_connection_cut_in_the_middle_costs_nothing(desk, step, client_order_id):
    with before(step, kill_its_connection):
        placed = desk.buys("alice", "0.1", at="60000", client_order_id=client_order_id)
    assert (placed.order.status, len(placed.fills), placed.replayed) == ("filled", 1, False)
    assert Order.objects.filter(account_id=desk.accounts["alice"]).count() == 1


@pytest.mark.parametrize("step", STEPS)
def test_a_database_that_stays_away_is_unavailable_and_nothing_has_happened(desk, step):
    everything = desk.everything()
    with before(step, kill_its_connection, times=100):
        assert desk.buys("alice", "0.1", at="60000") == "UNAVAILABLE"
    assert desk.everything() == everything
    assert desk.buys("alice", "0.1", at="60000").order.status == "filled"


def commits_and_loses_the_answer(times):
    """The server commits; the connection dies before the client hears of it."""
    commit, left = Batch.commit, [times]

    def cut_off(batch):
        commit(batch)
        if left[0] > 0:
            left[0] -= 1
            batch.connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    return patch.object(Batch, "commit", cut_off)


@pytest.mark.parametrize("client_order_id", ["", "lunch"])
def test_an_order_committed_without_an_answer_is_found_and_not_placed_twice(desk, client_order_id):
    with commits_and_loses_the_answer(times=1):
        placed = desk.buys("alice", "0.1", at="60000", client_order_id=client_order_id)
    assert (placed.order.status, len(placed.fills)) == ("filled", 1)
    assert Order.objects.filter(account_id=desk.accounts["alice"]).count() == 1
    assert desk.balance("alice", "USDT") == ("94000", "0")


def test_several_orders_committed_without_an_answer_are_all_found(desk):
    orders = [("BTC-USDT", new_order("buy", "0.1", at="60000")) for _ in range(3)]
    with commits_and_loses_the_answer(times=1):
        placed = services.place_orders(desk.accounts["alice"], orders)
    assert [each.order.status for each in placed] == ["filled"] * 3
    assert [len(each.fills) for each in placed] == [1, 1, 1]
    assert Order.objects.filter(account_id=desk.accounts["alice"]).count() == 3


def test_an_outcome_that_stays_unknown_is_told_and_found_by_the_client_order_id(desk):
    away_again = before("lock_symbol", kill_its_connection, after=1)
    with commits_and_loses_the_answer(times=1), away_again:
        assert desk.buys("alice", "0.1", at="60000", client_order_id="lunch") == "UNAVAILABLE"
    again = desk.buys("alice", "0.1", at="60000", client_order_id="lunch")
    assert (again.order.status, again.replayed, len(again.fills)) == ("filled", True, 1)
    assert Order.objects.filter(account_id=desk.accounts["alice"]).count() == 1


def test_a_cancel_committed_without_an_answer_is_in_effect_once(desk):
    bid = desk.buys("alice", "0.1", at="50000")
    with commits_and_loses_the_answer(times=1):
        desk.cancels("alice", bid)
    assert Order.objects.get(pk=bid.order.id).status == "cancelled"
    assert OrderEvent.objects.filter(kind="C").count() == 1


def test_a_market_locked_for_too_long_is_busy_and_free_again(desk):
    """lock_timeout, shortened for the test."""
    everything = desk.everything()

    def held_elsewhere(work):
        with psycopg.connect(**connection.get_connection_params() | {"context": None}) as other:
            other.execute("SELECT 1 FROM trading_bookstate FOR UPDATE")
            return work()

    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    assert held_elsewhere(lambda: desk.buys("alice", "0.1", at="60000")) == "UNAVAILABLE"
    connection.close()
    assert desk.everything() == everything
    assert desk.buys("alice", "0.1", at="60000").order.status == "filled"
