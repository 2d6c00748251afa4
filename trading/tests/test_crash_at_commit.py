"""The connection is lost while the commit is on its way: what was done is answered as it was done, once."""

from contextlib import contextmanager
from unittest.mock import patch

import psycopg
import pytest

from common.errors import Refused
from trading import services
from trading.matching_service.batch import Batch
from trading.matching_service.publish import publisher
from trading.models import Order, OrderEvent
from trading.tests.desk import TradingDesk
from trading.tests.laws import broken_laws

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    desk = TradingDesk()
    yield desk
    assert broken_laws() == []


@pytest.fixture
def other(other_desks):
    """A process that trades while the first one looks for its connection."""
    return other_desks(1)[0]


def sells(other, desk, who, quantity, price):
    order = {"symbol": "BTC-USDT", "side": "sell", "quantity": quantity, "price": price}
    return lambda: other.asks("place", account=desk.accounts[who], **order)


@contextmanager
def lost(committed=True, meanwhile=lambda: None, times=1):
    """So often a batch is sent, is committed or not, and not answered; `meanwhile` comes before it runs again."""
    step, left = ("commit" if committed else "write"), [times]
    original = getattr(Batch, step)

    def cut_off(batch):
        if committed or not left[0]:
            original(batch)
        if left[0]:
            left[0] -= 1
            batch.connection.close()
            meanwhile()
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    with patch.object(Batch, step, cut_off):
        yield
    assert left == [0]


def test_a_cancel_answers_with_the_cancelled_order(desk):
    bid = desk.buys("alice", "0.1", at="50000")
    with lost():
        cancelled = desk.cancels("alice", bid)
    assert (cancelled.status, cancelled.reason) == ("cancelled", "CANCELLED_BY_USER")
    assert OrderEvent.objects.filter(kind="C").count() == 1


def test_a_cancel_that_was_not_carried_out_is_carried_out_by_the_second_attempt(desk):
    bid = desk.buys("alice", "0.1", at="50000")
    with lost(committed=False):
        assert desk.cancels("alice", bid).status == "cancelled"
    assert OrderEvent.objects.filter(kind="C").count() == 1


def test_a_cancel_is_refused_if_it_was_another_that_took_effect(desk, other):
    """Nothing is claimed that was not done: the order was cancelled in between, and not by this cancel."""
    bid = desk.buys("alice", "0.1", at="50000")
    another = {"account": desk.accounts["alice"], "order": bid.order.id}
    with lost(committed=False, meanwhile=lambda: other.asks("cancel", **another)):
        assert desk.cancels("alice", bid) == "ORDER_NOT_OPEN"
    assert OrderEvent.objects.filter(kind="C").count() == 1


def test_an_amend_answers_although_the_order_ended_before_the_second_attempt(desk, other):
    bid = desk.buys("alice", "0.1", at="50000")
    with lost(meanwhile=sells(other, desk, "bob", "0.2", "50000")):
        amended = desk.amends("alice", bid, quantity="0.2")
    assert (amended.status, amended.quantity) == ("filled", amended.filled_quantity)
    assert OrderEvent.objects.filter(kind="M").count() == 1


def test_cancel_all_names_what_it_cancelled(desk):
    bids = [desk.buys("alice", "0.1", at="50000").order.id for _ in range(3)]
    with lost():
        assert desk.cancels_all("alice") == bids


def test_an_order_is_answered_as_it_was_placed_and_not_as_a_repetition(desk, other):
    desk.sells("bob", "0.05", at="60000")
    with lost(meanwhile=sells(other, desk, "carol", "0.05", "60000")):
        placed = desk.buys("alice", "0.1", at="60000")
    assert (placed.order.status, placed.replayed, len(placed.fills)) == ("partially_filled", False, 1)
    assert Order.objects.get(pk=placed.order.id).status == "filled"


def test_each_of_a_batch_is_answered(desk):
    bid = desk.buys("alice", "0.1", at="50000")
    alice = desk.accounts["alice"]
    requests = [services.CancelRequest(alice, bid.order.id), services.CancelRequest(alice, 1)]
    with lost():
        done, refused = services.submit("BTC-USDT", requests)
    assert done == services.Done([bid.order.id])
    assert isinstance(refused, Refused)


def test_those_who_follow_are_woken(desk):
    bid = desk.buys("alice", "0.1", at="50000")
    with lost(), patch.object(publisher, "note") as note:
        desk.cancels("alice", bid)
    assert [call.args for call in note.call_args_list] == [("BTC-USDT", 2, {desk.accounts["alice"]})]


def test_if_the_second_commit_is_lost_too_the_outcome_is_unknown_and_said_to_be(desk):
    bid = desk.buys("alice", "0.1", at="50000")
    with lost(committed=False, times=2):
        assert desk.cancels("alice", bid) == "UNAVAILABLE"
    assert Order.objects.get(pk=bid.order.id).status == "open"


def test_a_number_of_a_transaction_that_is_yet_to_come_is_nobodys(desk):
    """After a failover to a server that is behind: nothing is known of that transaction, and that is no error."""
    bid = desk.buys("alice", "0.1", at="50000")
    lock_symbol = Batch.lock_symbol

    def lock_and_dream(batch):
        lock_symbol(batch)
        batch.transaction_id = str(2**60)

    with lost(), patch.object(Batch, "lock_symbol", lock_and_dream):
        assert desk.cancels("alice", bid) == "ORDER_NOT_OPEN"
