"""The price tick over a feed that lives, dies and comes back, beside replays and other ticks."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from common.clock import now
from market.feeds.outside import guarded
from market.models import Asset, Market, Price
from market.services import set_price, tick_prices
from market.services.tick_prices import is_the_only_tick
from market.tests.venue import Venue

pytestmark = pytest.mark.usefixtures("no_memory_of_feeds")
SYMBOLS = ["BTC-USDT", "ETH-BTC", "ETH-USDT"]


@pytest.fixture
def venue(settings, three_markets):
    venue = Venue()
    settings.BINANCE_URL = venue.url
    settings.PRICE_FEED = "auto"
    yield venue
    venue.close()


def tick():
    """As the next second's tick: not in the same millisecond as the one before."""
    Price.objects.update(updated_at=now() - timedelta(seconds=1))
    return tick_prices()


def prices():
    return {price.market.symbol: price for price in Price.objects.select_related("market")}


def sources():
    return {symbol: price.source for symbol, price in prices().items()}


def test_the_first_tick_gives_every_market_a_price(settings, three_markets):
    settings.PRICE_FEED = "simulation"
    assert len(tick().written) == 3
    found = prices()
    assert set(sources().values()) == {"simulation"}
    ratio = found["ETH-USDT"].index / found["BTC-USDT"].index
    assert abs(found["ETH-BTC"].index - ratio) <= Decimal("0.000005")


def test_the_same_seed_gives_the_same_prices_again(settings, three_markets):
    settings.PRICE_FEED = "simulation"
    runs = []
    for _ in range(2):
        Price.objects.all().delete()
        for _ in range(5):
            tick()
        runs.append({symbol: (price.index, price.step) for symbol, price in prices().items()})
    assert runs[0] == runs[1]
    assert {step for _, step in runs[0].values()} == {5}


def test_simulation_asks_nobody(venue, settings):
    settings.PRICE_FEED = "simulation"
    tick()
    assert venue.asked == []


def test_prices_come_from_binance_when_it_answers(venue):
    tick()
    assert {symbol: price.index for symbol, price in prices().items()} == {
        "BTC-USDT": Decimal("64000.12"),
        "ETH-USDT": Decimal("3200.5"),
        "ETH-BTC": Decimal("0.05001"),
    }
    assert set(sources().values()) == {"binance"}


def test_a_dead_feed_is_taken_over_without_a_jump_and_the_source_says_so(venue):
    tick()
    before = {symbol: price.index for symbol, price in prices().items()}
    venue.answers(503, b"maintenance")
    outcome = tick()
    assert "503" in outcome.failure
    assert set(sources().values()) == {"simulation"}
    for symbol, price in prices().items():
        assert abs(price.index / before[symbol] - 1) < Decimal("0.002")
        assert price.index % price.market.tick == 0


def test_binance_is_back_after_the_pause_and_the_source_says_so(venue):
    venue.answers(500, b"")
    for _ in range(6):
        tick()
    assert len(venue.asked) == 3
    storage = guarded("binance", venue.url).storage
    storage._set("opened_at", storage.opened_at - timedelta(seconds=30))
    venue.reply = venue.quote
    tick()
    assert set(sources().values()) == {"binance"}
    assert prices()["BTC-USDT"].index == Decimal("64000.12")


def test_binance_only_keeps_the_last_price_when_it_does_not_answer(venue, settings):
    settings.PRICE_FEED = "binance"
    tick()
    venue.answers(200, b"<html>")
    assert tick().written == []
    assert prices()["BTC-USDT"].index == Decimal("64000.12")
    assert sources()["BTC-USDT"] == "binance"


def test_binance_only_and_never_an_answer_is_no_price_at_all(venue, settings):
    settings.PRICE_FEED = "binance"
    venue.answers(200, b"[]")
    tick()
    assert prices() == {}


def test_a_market_that_binance_does_not_list_is_simulated_beside_the_others(venue):
    Asset.objects.create(code="OUR", name="Our coin", precision=8)
    ours = Market.objects.create(
        symbol="OUR-USDT", base_id="OUR", quote_id="USDT", tick=1, lot=1, minimum_notional=1
    )
    tick()
    assert "OUR-USDT" not in prices()
    set_price("OUR-USDT", Decimal(500), "simulation")
    tick()
    assert sources() == {
        "BTC-USDT": "binance",
        "ETH-USDT": "binance",
        "ETH-BTC": "binance",
        "OUR-USDT": "simulation",
    }
    assert abs(Price.objects.get(market=ours).index - 500) <= 1


def test_a_price_that_a_replay_has_leased_is_left_alone(venue):
    set_price("BTC-USDT", Decimal(9_000), "replay", now() + timedelta(minutes=1))
    tick()
    assert (prices()["BTC-USDT"].index, sources()["BTC-USDT"]) == (Decimal(9_000), "replay")
    assert sources()["ETH-USDT"] == "binance"


def test_when_the_lease_is_over_the_simulation_goes_on_from_the_replayed_price(settings, three_markets):
    settings.PRICE_FEED = "simulation"
    set_price("BTC-USDT", Decimal(9_000), "replay", now() - timedelta(milliseconds=1))
    tick()
    price = prices()["BTC-USDT"]
    assert price.source == "simulation"
    assert abs(price.index / 9_000 - 1) < Decimal("0.002")


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_was_overtaken_is_dropped(venue):
    """While Binance was asked, somebody wrote a newer price."""
    tick()

    def slow(names):
        set_price("BTC-USDT", Decimal(70_000), "binance")
        connection.close()
        return venue.quote(names)

    venue.reply = slow
    Price.objects.update(updated_at=now() - timedelta(seconds=1))
    tick_prices()
    assert prices()["BTC-USDT"].index == Decimal(70_000)


def test_a_clock_that_was_set_back_does_not_stop_the_tick(settings, three_markets):
    settings.PRICE_FEED = "simulation"
    tick()
    Price.objects.update(updated_at=now() + timedelta(hours=1))
    assert len(tick_prices().written) == 3


def test_a_perpetual_is_not_ticked(settings, three_markets):
    settings.PRICE_FEED = "simulation"
    Market.objects.create(
        symbol="BTC-PERP",
        kind="perpetual",
        base_id="BTC",
        quote_id="USDT",
        tick=1,
        lot=1,
        minimum_notional=1,
    )
    tick()
    assert sorted(prices()) == SYMBOLS


@pytest.mark.django_db(transaction=True)
def test_ticks_at_once_never_step_a_price_twice_or_wait_for_each_other(settings, three_markets):
    settings.PRICE_FEED = "simulation"
    tick()
    Price.objects.update(updated_at=now() - timedelta(seconds=1))
    start, outcomes = threading.Barrier(4), []

    def one():
        try:
            start.wait()
            outcomes.extend(tick_prices() for _ in range(5))
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 20
    steps = sum(1 for outcome in outcomes if outcome.written)
    assert steps >= 1
    assert {price.step for price in prices().values()} == {1 + steps}


@pytest.mark.django_db(transaction=True)
def test_a_tick_leaves_while_another_one_writes(settings, three_markets):
    settings.PRICE_FEED = "simulation"
    held, done = threading.Event(), threading.Event()

    def other():
        try:
            with transaction.atomic():
                assert is_the_only_tick()
                held.set()
                done.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    held.wait(10)
    outcome = tick_prices()
    done.set()
    thread.join()
    assert outcome.busy
    assert outcome.written == []
    assert prices() == {}
