"""Reduce-only orders never open a position, whatever becomes of it while they lie in the book."""

import pytest

from trading.audit import audit
from trading.tests.perpetual_desk import PERP, PerpetualDesk


@pytest.fixture
def desk(transactional_db):
    """Alice is long 10."""
    desk = PerpetualDesk(funds={"USDT": "1000000"})
    desk.trades("alice", "bob", "10", at="50000")
    return desk


def test_a_reduce_only_order_shows_all_of_itself(desk):
    """A hidden part could not be told from what the position has become too small for."""
    assert (
        desk.sells("alice", "8", at="50010", symbol=PERP, display="3", reduce_only=True) == "VALIDATION_ERROR"
    )


def test_a_reduce_only_order_shrinks_with_the_position(desk):
    ask = desk.sells("alice", "8", at="50010", symbol=PERP, reduce_only=True)
    desk.trades("carol", "alice", "4", at="50005")
    assert desk.position("alice") == "long 6 at 50000"
    row = desk.order(ask)
    assert (str(row.cancelled_quantity.normalize()), row.status) == ("2", "open")
    desk.buys("carol", "8", at="50010", symbol=PERP)
    assert desk.position("alice") == "flat"
    assert audit().violations == []


def test_a_reduce_only_order_ends_with_the_position(desk):
    ask = desk.sells("alice", "8", at="50010", symbol=PERP, reduce_only=True)
    desk.trades("carol", "alice", "10", at="50005")
    assert desk.fate(ask) == "cancelled REDUCE_ONLY"
