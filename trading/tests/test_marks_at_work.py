"""What marks do in a perpetual's book: orders that wait for them fire, and the book is measured against the index."""

from decimal import Decimal

import pytest

from common import clock
from market.models import IndexSource, Market, Price
from risk.models import Contract, PremiumSample
from trading.services import mark_prices
from trading.tests.desk import later
from trading.tests.perpetual_desk import ETH_PERP, PERP, PerpetualDesk


@pytest.fixture
def desk(transactional_db):
    """The index is at 50,000, and Alice is long 1 from there."""
    desk = PerpetualDesk()
    says("50000")
    says("2500", "ETH-USDT")
    mark_prices()
    desk.trades("alice", "bob", "1", at="50000")
    return desk


def says(price, symbol="BTC-USDT"):
    IndexSource.objects.update_or_create(
        market=Market.objects.get(symbol=symbol),
        source="simulation",
        defaults={"price": Decimal(price), "updated_at": clock.now()},
    )


def stop(desk, source, **terms):
    return desk.sells(
        "alice", "0.1", type="stop_market", trigger="49500", trigger_source=source, symbol=PERP, **terms
    )


def test_a_stop_at_the_mark_fires_at_the_mark_and_not_at_the_index(desk):
    desk.buys("carol", "1", at="49000", symbol=PERP)
    at_mark, at_index = stop(desk, "mark"), stop(desk, "index")
    desk.marks("50000", index="49400")
    desk.sweeps(PERP)
    assert (desk.fate(at_mark), desk.fate(at_index)) == ("pending_trigger", "filled")
    desk.marks("49400", index="50000")
    desk.sweeps(PERP)
    assert desk.fate(at_mark) == "filled"


def test_marking_fires_what_waits_for_the_mark(desk):
    desk.buys("carol", "1", at="49000", symbol=PERP)
    placed = stop(desk, "mark", reduce_only=True)
    says("49501")
    mark_prices()
    assert desk.fate(placed) == "pending_trigger"
    says("49499")
    mark_prices()
    assert desk.fate(placed) == "filled"
    assert desk.position("alice") == "long 0.9 at 50000"


def test_a_stray_trade_far_away_fires_nothing_at_the_mark(desk):
    desk.buys("carol", "1", at="49000", symbol=PERP)
    placed = stop(desk, "mark")
    desk.trades("bob", "carol", "0.001", at="49000")
    mark_prices()
    assert desk.fate(placed) == "pending_trigger"


def sample(symbol=PERP):
    newest = PremiumSample.objects.filter(contract__market__symbol=symbol).latest("sampled_at")
    return newest.premium, newest.basis


def test_a_book_above_the_index_has_a_premium(desk):
    """10,000 USDT would sell at 50,100, for the 5 at 50,200 are only 250 worth."""
    desk.buys("carol", "0.005", at="50200", symbol=PERP)
    desk.buys("carol", "1", at="50100", symbol=PERP)
    desk.sells("bob", "1", at="50300", symbol=PERP)
    with later(5):
        mark_prices()
    # 0.005 x 50,200 = 251 and 9,749 / 50,100 = 0.194590...: 10,000 / 0.199590... = 50,102.5050...
    premium, basis = sample()
    assert basis == 250
    assert premium == Decimal("0.0020501025")


def test_a_book_below_the_index_has_a_negative_one(desk):
    desk.buys("carol", "1", at="49800", symbol=PERP)
    desk.sells("bob", "1", at="49900", symbol=PERP)
    with later(5):
        mark_prices()
    assert sample() == (Decimal("-0.002"), -150)


def test_a_book_around_the_index_has_none(desk):
    desk.buys("carol", "1", at="49900", symbol=PERP)
    desk.sells("bob", "1", at="50100", symbol=PERP)
    with later(5):
        mark_prices()
    assert sample() == (0, 0)


def test_too_little_in_the_book_is_no_premium(desk):
    desk.buys("carol", "0.1", at="50100", symbol=PERP)
    with later(5):
        mark_prices()
    assert sample() == (0, None)
    assert sample(ETH_PERP) == (0, None)


def test_the_mark_leans_to_the_book_by_its_average_basis(desk):
    desk.buys("carol", "1", at="50090", symbol=PERP)
    desk.sells("bob", "1", at="50110", symbol=PERP)
    desk.buys("alice", "0.001", at="50110", symbol=PERP)
    with later(5):
        mark_prices()
    assert Price.objects.get(market__symbol=PERP).mark == Decimal("50003.3")  # 100 in one slot of thirty
    Contract.objects.update(basis_window_seconds=5)
    with later(10):
        mark_prices()
    assert Price.objects.get(market__symbol=PERP).mark == 50100


def test_what_fires_and_cannot_be_borne_ends(desk):
    """Judged by what the account has then, although it asks for nothing itself."""
    for seller in ("bob", "carol"):
        desk.sells(seller, "8", at="50700", symbol=PERP)
    waiting = {"type": "stop_market", "trigger": "50500", "trigger_source": "mark", "symbol": PERP}
    small, large = desk.buys("alice", "1", **waiting), desk.buys("alice", "12", **waiting)
    says("50600")
    mark_prices()
    assert desk.fate(small) == "filled"
    assert desk.fate(large) == "cancelled INSUFFICIENT_MARGIN"
    assert desk.position("alice") == "long 2 at 50350"
