"""Whoever follows a market or an account is woken after the commit, and never before."""

from unittest.mock import patch

import pytest

from trading.matching_service.publish import publisher
from trading.models import BookState
from trading.tests.desk import TradingDesk
from trading.tests.meddling import before, elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    return TradingDesk()


def committed(symbol):
    """The market's sequence as everybody else sees it."""
    return elsewhere(lambda: BookState.objects.get(market__symbol=symbol).sequence)


def test_whoever_is_woken_finds_it_committed(desk):
    told = []

    def look(symbol, sequence, account_ids):
        told.append((sequence, committed(symbol), account_ids))

    with patch.object(publisher, "note", look):
        desk.buys("alice", "0.1", at="60000")
        desk.sells("bob", "0.1", at="60000")
    alice, bob = desk.accounts["alice"], desk.accounts["bob"]
    assert told == [(1, 1, {alice}), (3, 3, {alice, bob})]


def test_nobody_hears_of_what_the_database_took_back(desk):
    """The client order id is taken in another market between matching and writing."""
    lunch = {"client_order_id": "lunch"}

    def placed_elsewhere(batch):
        elsewhere(lambda: desk.buys("alice", "0.1", at="2000", symbol="ETH-USDT", **lunch))

    with before("lock_balances", placed_elsewhere), patch.object(publisher, "note") as note:
        assert desk.buys("alice", "0.1", at="60000", **lunch).replayed
    assert [call.args[:2] for call in note.call_args_list] == [("ETH-USDT", 1)]


def test_nothing_done_is_nothing_to_tell(desk):
    with patch.object(publisher, "note") as note:
        desk.cancels_all("alice", "BTC-USDT")
        assert desk.buys("alice", "100", at="60000") == "INSUFFICIENT_FUNDS"
    assert note.call_args_list == []
