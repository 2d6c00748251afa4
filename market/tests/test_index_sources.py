"""What the price tick keeps of each source, for the index of perpetuals."""

from datetime import timedelta
from decimal import Decimal

import pytest

from common.clock import now
from market.models import IndexSource, Price
from market.services import set_price, tick_prices
from market.tests.venue import Coinbase, Kraken, Venue

pytestmark = pytest.mark.usefixtures("no_memory_of_feeds")


@pytest.fixture
def venues(settings, three_markets):
    settings.PRICE_FEED = "auto"
    settings.INDEX_FEEDS = ["binance", "kraken", "coinbase"]
    venues = Venue(), Kraken(), Coinbase()
    settings.BINANCE_URL, settings.KRAKEN_URL, settings.COINBASE_URL = (venue.url for venue in venues)
    venues[2].time = now().isoformat()
    yield venues
    for venue in venues:
        venue.close()


def tick():
    Price.objects.update(updated_at=now() - timedelta(seconds=1))
    return tick_prices()


def sources(symbol="BTC-USDT"):
    rows = IndexSource.objects.filter(market__symbol=symbol).order_by("source")
    return {row.source: row.price for row in rows}


def price(symbol="BTC-USDT"):
    found = Price.objects.get(market__symbol=symbol)
    return found.source, found.index


def test_each_feed_is_a_source_and_the_first_that_answers_is_the_spot_price(venues):
    binance, kraken, _ = venues
    everybody = {
        "binance": Decimal("64000.12"),
        "coinbase": Decimal("64020.5"),
        "kraken": Decimal("64010.1"),
    }
    assert tick().failure == ""
    assert sources() == everybody
    assert price() == ("binance", Decimal("64000.12"))
    binance.answers(503, b"")
    kraken.prices_there = {**Kraken.prices_there, "XBTUSDT": "64011"}
    assert tick().failure == "binance: HTTP status 503"
    assert sources() == {**everybody, "kraken": Decimal(64011)}  # what Binance said last grows old by itself
    assert price() == ("kraken", Decimal(64011))


def test_the_simulation_is_a_source_only_while_nobody_outside_answers(venues):
    for venue in venues:
        venue.answers(500, b"")
    tick()
    assert sources().keys() == {"simulation"}
    venues[1].reply = venues[1].quote
    tick()
    assert sources().keys() == {"kraken"}


def test_simulation_alone_has_itself_as_its_source(settings, three_markets):
    settings.PRICE_FEED = "simulation"
    tick()
    assert sources() == {"simulation": price()[1]}


def test_a_feed_that_repeats_an_old_price_with_its_old_time_does_not_look_fresh(venues):
    binance, kraken, coinbase = venues
    then = now() - timedelta(minutes=2)
    coinbase.time = then.isoformat()
    for venue in (binance, kraken):
        venue.answers(500, b"")
    tick()
    assert IndexSource.objects.get(market__symbol="BTC-USDT", source="coinbase").updated_at == then
    assert price()[0] == "simulation"
    assert sources().keys() == {"coinbase", "simulation"}


def test_a_time_in_the_future_is_taken_for_now(venues):
    venues[2].time = (now() + timedelta(days=365)).isoformat()
    tick()
    assert IndexSource.objects.get(market__symbol="BTC-USDT", source="coinbase").updated_at <= now()


def test_a_price_that_is_set_by_hand_is_the_only_source(venues):
    tick()
    set_price("BTC-USDT", Decimal(9_000), "replay", now() + timedelta(minutes=1))
    tick()
    assert sources() == {"replay": Decimal(9_000)}
    assert sources("ETH-USDT").keys() == {"binance", "kraken", "coinbase"}


def test_the_simulation_goes_on_from_what_staff_set_for_as_long_as_they_said(venues):
    tick()
    set_price("BTC-USDT", Decimal(50_000), "simulation", simulated_until=now() + timedelta(minutes=1))
    tick()
    assert sources().keys() == {"simulation"}
    assert abs(price()[1] / 50_000 - 1) < Decimal("0.002")
    ratio = price("ETH-USDT")[1] / price()[1]
    assert price("ETH-USDT")[0] == "binance"
    assert price("ETH-BTC")[0] == "simulation" and abs(price("ETH-BTC")[1] - ratio) <= Decimal("0.00001")
    Price.objects.update(simulated_until=now())
    tick()
    assert price() == ("binance", Decimal("64000.12"))
    assert sources().keys() == {"binance", "kraken", "coinbase"}
