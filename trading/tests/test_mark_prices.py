"""Index, mark and premium of the perpetuals, from what the sources say and what lies in the books."""

import threading
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import User
from common import clock
from market.models import IndexSource, Market, Price
from market.services import set_price
from risk.models import Contract, PremiumSample
from trading import services
from trading.matching_service.requests import StatusRequest
from trading.models import BookState, OrderEvent
from trading.services import mark_prices
from trading.services.hold_without_index import hold_without_index
from trading.services.mark_prices import Moved
from trading.tasks import refresh_prices as refresh_task
from trading.tests.desk import TradingDesk, later

pytestmark = pytest.mark.django_db(transaction=True)
SYMBOL = "BTC-PERP"


@pytest.fixture
def desk():
    services.make_first_markets()
    desk = TradingDesk()
    says("60000")
    says("3000", symbol="ETH-USDT")
    return desk


def says(price, source="simulation", ago=0, symbol="BTC-USDT"):
    """A source says so much of the underlying."""
    IndexSource.objects.update_or_create(
        market=Market.objects.get(symbol=symbol),
        source=source,
        defaults={"price": Decimal(price), "updated_at": clock.now() - timedelta(seconds=ago)},
    )


def price(symbol=SYMBOL):
    row = Price.objects.get(market__symbol=symbol)
    return row.index, row.mark, row.source


def status(symbol=SYMBOL):
    return Market.objects.get(symbol=symbol).status


def last_traded(at):
    BookState.objects.filter(market__symbol=SYMBOL).update(last_price=at)


def contract(**terms):
    Contract.objects.filter(market__symbol=SYMBOL).update(**terms)
    return Contract.objects.get(market__symbol=SYMBOL)


def test_before_any_trade_the_mark_is_the_index(desk):
    assert {each.symbol: (each.old, each.new) for each in mark_prices()} == {
        "BTC-PERP": (None, 60000),
        "ETH-PERP": (None, 3000),
    }
    assert price() == (60000, 60000, "simulation")


def test_only_marks_that_moved_are_told(desk):
    mark_prices()
    says("60100")
    perpetual = Market.objects.get(symbol=SYMBOL)
    assert mark_prices() == [Moved(perpetual.pk, SYMBOL, Decimal(60000), Decimal(60100))]
    assert mark_prices() == []


def test_the_index_is_the_median_of_the_sources(desk):
    IndexSource.objects.all().delete()
    for source, said in (("binance", "60000"), ("kraken", "60010"), ("coinbase", "59000")):
        says(said, source)
    mark_prices()
    assert price() == (60000, 60000, "median")
    says("60010", "binance", ago=31)
    says("59000", "coinbase", ago=31)
    mark_prices()
    assert price() == (60010, 60010, "kraken")


def test_one_stray_trade_does_not_move_the_mark(desk):
    last_traded(50000)
    mark_prices()
    assert price()[1] == 60000


def test_the_mark_is_the_middle_of_the_index_the_book_and_the_last_trade(desk):
    """The book was 240 above the index in all, in two of the four slots that count: 60 on average. The last trade is
    100 above, and funding adds 6 to the index now."""
    now = clock.now()
    due = now + timedelta(hours=4, seconds=1)
    terms = contract(last_funding_rate="0.0002", next_funding_at=due, basis_window_seconds=20)
    sample = {"contract": terms, "premium": 0}
    for ago, basis in ((3, 100), (13, 140), (21, 10_000)):
        PremiumSample.objects.create(sampled_at=now - timedelta(seconds=ago), basis=basis, **sample)
    last_traded(60100)
    mark_prices()
    assert price()[1] == 60060
    last_traded(59900)
    mark_prices()
    assert price()[1] == 60006


@contextmanager
def at(moment):
    """The exchange's clock stands."""
    real = clock.now
    clock.now = lambda: moment
    try:
        yield
    finally:
        clock.now = real


def now_in_slot(now):
    """So long ago the slot of five seconds began."""
    return timedelta(microseconds=now.microsecond, seconds=now.second % 5)


def test_a_jump_of_half_is_just_followed(desk):
    mark_prices()
    last_traded(60000)
    says("90000")
    [moved] = mark_prices()
    assert (moved.old, moved.new) == (60000, 90000)
    assert price()[0] == 90000
    assert status() == "open"


# ---- samples ----


def samples():
    return list(PremiumSample.objects.filter(contract__market__symbol=SYMBOL).order_by("sampled_at"))


def test_a_slot_of_five_seconds_is_sampled_once(desk):
    slot = clock.now() - now_in_slot(clock.now())
    with at(slot):
        mark_prices()
        mark_prices()
    with at(slot + timedelta(seconds=4.9)):
        mark_prices()
    with at(slot + timedelta(seconds=5)):
        mark_prices()
    assert [sample.sampled_at for sample in samples()] == [slot, slot + timedelta(seconds=5)]


def test_an_empty_book_has_no_premium_and_no_middle(desk):
    mark_prices()
    assert [(sample.premium, sample.basis) for sample in samples()] == [(0, None)]


def test_what_nobody_can_trade_at_is_not_sampled(desk):
    services.set_market_status(SYMBOL, "halted")
    mark_prices()
    assert samples() == []


def test_samples_older_than_two_intervals_are_forgotten(desk):
    terms = contract(funding_interval_seconds=60)
    now = clock.now()
    for ago in (119, 121):
        PremiumSample.objects.create(contract=terms, premium=0, sampled_at=now - timedelta(seconds=ago))
    mark_prices()
    assert (now - samples()[0].sampled_at).seconds == 119
    assert len(samples()) == 2


# ---- an index that nobody knows ----


def states():
    return list(OrderEvent.objects.filter(market__symbol=SYMBOL, kind="S").values_list("reason", flat=True))


def test_with_all_sources_stale_only_cancels_are_taken_until_one_is_fresh(desk):
    mark_prices()
    with later(31):
        assert mark_prices() == []
        assert (status(), status("ETH-PERP"), status("BTC-USDT")) == ("cancel_only", "cancel_only", "open")
        assert desk.buys("alice", "0.001", at="60000", symbol=SYMBOL) == "MARKET_NOT_OPEN"
        mark_prices()
        assert price()[:2] == (60000, 60000)
        says("60010")
        mark_prices()
    assert (status(), status("ETH-PERP")) == ("open", "cancel_only")
    assert states() == ["INDEX_STALE", "INDEX_FRESH"]


def test_a_market_goes_back_to_the_state_it_was_in(desk):
    services.set_market_status(SYMBOL, "post_only")
    with later(31):
        mark_prices()
        assert status() == "cancel_only"
        says("60010")
        mark_prices()
    assert status() == "post_only"


@pytest.mark.parametrize("wanted", ["halted", "cancel_only"])
def test_what_staff_said_meanwhile_stays(desk, wanted):
    with later(31):
        mark_prices()
        services.set_market_status(SYMBOL, wanted)
        says("60010")
        mark_prices()
        mark_prices()
    assert status() == wanted


def test_staff_who_step_in_at_the_last_moment_win(desk):
    """The index is fresh, the run has seen the market held, and before it can open it somebody halts it."""
    with later(31):
        mark_prices()
        [first, second] = (
            StatusRequest("halted", "SET_BY_STAFF"),
            StatusRequest("open", "INDEX_FRESH", only_after="INDEX_STALE"),
        )
        outcomes = services.submit(SYMBOL, [first, second])
    assert (status(), outcomes[1].code.name) == ("halted", "CONFLICT")
    assert services.submit(SYMBOL, [second])[0].code.name == "CONFLICT"
    assert status() == "halted"


def test_staff_who_halt_while_the_index_goes_stale_win(desk):
    """The run has seen the market open and the index stale, and before it acts somebody halts it."""
    seen = Contract.objects.select_related("market").get(market__symbol=SYMBOL)
    services.set_market_status(SYMBOL, "halted")
    hold_without_index(seen, has_index=False)
    assert status() == "halted"
    mark_prices()
    assert (status(), states()) == ("halted", ["SET_BY_STAFF"])


def test_a_halted_market_is_left_halted(desk):
    services.set_market_status(SYMBOL, "halted")
    with later(31):
        mark_prices()
        assert status() == "halted"
        says("60010")
        mark_prices()
    assert status() == "halted"


def test_a_held_market_whose_index_comes_back_while_matching_is_suspended_opens_when_it_is_resumed(desk):
    """Nothing else would ever open it."""
    admin = User.objects.create(username="admin", email="admin@example.com", is_staff=True)
    with later(31):
        mark_prices()
        services.suspend_matching(admin)
        says("60010")
        mark_prices()
        assert status() == "halted"
        services.resume_matching(admin)
        mark_prices()
    assert (status(), status("ETH-PERP")) == ("open", "cancel_only"), "ETH's index is still stale"


# ---- with the tick ----


def test_the_task_and_the_command_mark_after_the_tick(desk, settings, capsys):
    settings.PRICE_FEED = "simulation"
    assert refresh_task() == 3
    assert price()[0] == IndexSource.objects.get(market__symbol="BTC-USDT").price
    with later(1):
        call_command("tick_prices")
        assert price()[0] == IndexSource.objects.get(market__symbol="BTC-USDT").price
    assert capsys.readouterr().out.count("simulation") == 3


def test_a_replay_of_the_underlying_moves_the_perpetual(desk):
    set_price("BTC-USDT", Decimal(9_000), "replay", clock.now() + timedelta(minutes=1))
    mark_prices()
    assert price() == (9000, 9000, "replay")


def test_a_perpetual_that_a_replay_has_leased_keeps_that_index(desk):
    set_price(SYMBOL, Decimal(9_000), "replay", clock.now() + timedelta(minutes=1))
    mark_prices()
    assert price()[0] == 9000


def test_runs_at_once_mark_once(desk):
    mark_prices()
    says("61000")
    start, moved = threading.Barrier(4), []

    def one():
        try:
            start.wait()
            moved.extend(mark_prices())
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(each.symbol, each.new) for each in moved] == [(SYMBOL, 61000)]
    assert len(samples()) in (1, 2)  # a slot may end meanwhile
