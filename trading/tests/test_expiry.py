"""Orders with an end, on the real database: what they held is released, and nothing fills after its time."""

from datetime import UTC, datetime, timedelta

import pytest

from common import clock
from trading.models import OrderEvent, Trade
from trading.tests.desk import TradingDesk, new_order, warm_hash
from trading.tests.laws import broken_laws
from trading.tests.test_book_warm import loaded

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def time(monkeypatch):
    """Milliseconds since the start, as the exchange's clock shows them."""

    def is_now(milliseconds):
        monkeypatch.setattr(clock, "now", lambda: START + timedelta(milliseconds=milliseconds))

    is_now(0)
    return is_now


@pytest.fixture
def desk(time):
    desk = TradingDesk()
    yield desk
    assert warm_hash("BTC-USDT") == loaded().state_hash()
    assert broken_laws() == []


def till(milliseconds):
    return {"time_in_force": "gtd", "expires_at": clock.to_ms(START) + milliseconds}


def test_a_sweep_ends_what_is_due_and_releases_its_hold(desk, time):
    bid = desk.buys("alice", "0.5", at="60000", **till(1000))
    longer = desk.buys("alice", "0.1", at="60000", **till(1001))
    time(1000)
    desk.sweeps()
    assert (desk.fate(bid), desk.fate(longer)) == ("expired EXPIRED", "open")
    assert desk.balance("alice", "USDT") == ("94000", "6000")


@pytest.mark.parametrize("now", [999, 1000, 5000])
def test_nothing_fills_at_or_after_its_time_sweep_or_not(desk, time, now):
    bid = desk.buys("alice", "0.5", at="60000", **till(1000))
    time(now)
    ask = desk.sells("bob", "0.5", at="60000")
    in_time = now < 1000
    assert desk.fate(bid) == ("filled" if in_time else "expired EXPIRED")
    assert ask.order.status == ("filled" if in_time else "open")
    assert Trade.objects.count() == (1 if in_time else 0)


def test_it_ends_even_if_the_order_that_met_it_is_refused(desk, time):
    """Its end is the batch's, not the request's."""
    bid = desk.buys("alice", "0.5", at="60000", **till(1000))
    time(1000)
    assert desk.sells("bob", "7", at="60000") == "INSUFFICIENT_FUNDS"
    assert desk.fate(bid) == "expired EXPIRED"
    assert desk.balance("alice", "USDT") == ("100000", "0")


def test_what_is_filled_stays_filled(desk, time):
    bid = desk.buys("alice", "0.5", at="60000", **till(1000))
    desk.sells("bob", "0.2", at="60000")
    time(1000)
    desk.sweeps()
    assert desk.fate(bid) == "expired EXPIRED"
    assert desk.balance("alice", "USDT") == ("88000", "0")


def test_a_waiting_order_ends_too_and_so_does_its_counterpart(desk, time):
    desk.sells("carol", "0.001", at="60000")
    desk.buys("bob", "0.001", at="60000")
    stop = new_order("sell", "0.5", type="stop_market", trigger="59000", **till(1000))
    pair = desk.pairs("alice", new_order("sell", "0.5", at="61000"), stop)
    time(1000)
    desk.sweeps()
    assert [desk.fate(leg) for leg in pair.orders] == ["cancelled LINKED_ORDER", "expired EXPIRED"]
    assert desk.balance("alice", "BTC") == ("1", "0")


def test_an_entry_that_expires_unfilled_ends_its_exits(desk, time):
    entry = new_order("buy", "0.5", at="60000", **till(1000))
    bracket = desk.brackets("alice", entry, new_order("sell", "0.5", at="61000"))
    time(1000)
    desk.sweeps()
    assert [desk.fate(each) for each in bracket.orders] == ["expired EXPIRED", "cancelled ENTRY_ENDED"]


def test_those_that_end_together_end_by_their_time_and_then_by_age(desk, time):
    third = desk.buys("alice", "0.1", at="59000", **till(900))
    first = desk.buys("alice", "0.1", at="58000", **till(800))
    fourth = desk.buys("bob", "0.1", at="57000", **till(900))
    time(2000)
    desk.sweeps()
    ended = OrderEvent.objects.filter(kind="C").order_by("sequence").values_list("order_id", flat=True)
    assert list(ended) == [each.order.id for each in (first, third, fourth)]


def test_an_order_whose_time_is_over_is_refused_without_a_trace(desk):
    before = desk.everything()
    assert desk.buys("alice", "0.5", at="60000", **till(0)) == "ORDER_EXPIRED"
    assert desk.everything() == before


def test_an_order_of_a_halted_market_expires_all_the_same(desk, time):
    bid = desk.buys("alice", "0.5", at="60000", **till(1000))
    desk.turns("halted")
    time(1000)
    desk.sweeps()
    assert desk.fate(bid) == "expired EXPIRED"
    assert desk.balance("alice", "USDT") == ("100000", "0")
