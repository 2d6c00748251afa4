"""The simulated prices: the same everywhere, positive, and moderate."""

import itertools
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from market.feeds.simulation import SimulatedFeed, Walk, next_price, to_tick

CENT = Decimal("0.01")
# Worked out apart from the code under test, in fractions.
KNOWN_PATH = ["59987.54", "59971.45", "59981.15", "59982.39"]


def btc(last=None, steps=0):
    return Walk("BTC-USDT", "BTC", "USDT", CENT, last, steps)


def eth(last=None, steps=0):
    return Walk("ETH-USDT", "ETH", "USDT", CENT, last, steps)


def cross(last=None):
    return Walk("ETH-BTC", "ETH", "BTC", Decimal("0.00001"), last, 0)


def path(seed, steps, start=None):
    last, prices = start, []
    for step in range(steps):
        last = next_price(seed, btc(last, step))
        prices.append(last)
    return prices


def test_the_same_seed_gives_the_same_prices_on_every_machine():
    assert [str(price) for price in path(7, 4)] == KNOWN_PATH


def test_another_seed_another_symbol_or_another_step_gives_other_prices():
    assert path(7, 5) != path(8, 5)
    assert next_price(7, btc(Decimal(3000), 0)) != next_price(7, eth(Decimal(3000), 0))
    assert next_price(7, btc(Decimal(3000), 0)) != next_price(7, btc(Decimal(3000), 1))


def test_the_walk_begins_near_the_anchor():
    assert abs(next_price(7, btc()) / 60_000 - 1) < Decimal("0.002")


def test_an_hour_moves_the_price_but_not_out_of_sight():
    prices = path(7, 3600)
    assert len(set(prices)) > 3000
    assert Decimal("0.9") < min(prices) / 60_000 < max(prices) / 60_000 < Decimal("1.1")


def test_far_from_its_anchor_the_price_comes_home_without_a_jump():
    prices = [Decimal(120_000), *path(7, 7200, Decimal(120_000))]
    assert max(abs(b / a - 1) for a, b in itertools.pairwise(prices)) < Decimal("0.002")
    assert prices[-1] < Decimal(118_000)


@given(st.integers(0, 2**63), st.integers(1, 10**19), st.integers(0, 10**12))
def test_every_price_is_a_positive_multiple_of_the_tick(seed, cents, steps):
    price = next_price(seed, btc(Decimal(cents) / 100, steps))
    assert price > 0
    assert price % CENT == 0


def test_one_tick_is_the_least_and_the_databases_bound_the_most():
    assert to_tick(Decimal("0.000001"), CENT) == CENT
    assert to_tick(Decimal(10) ** 37, CENT) == 10**18
    assert to_tick(Decimal("10.005"), CENT) == Decimal("10.00")
    assert to_tick(Decimal("10.015"), CENT) == Decimal("10.02")


def test_the_cross_is_the_ratio_of_its_legs():
    prices = SimulatedFeed(7, [btc(), eth(), cross()], {}).fetch(["ETH-BTC", "BTC-USDT", "ETH-USDT"])
    ratio = prices["ETH-USDT"] / prices["BTC-USDT"]
    assert abs(prices["ETH-BTC"] - ratio) <= Decimal("0.000005")


def test_the_cross_follows_legs_that_are_known_from_elsewhere():
    known = {"BTC-USDT": Decimal(50_000), "ETH-USDT": Decimal(5_000)}
    prices = SimulatedFeed(7, [btc(), eth(), cross(Decimal("0.05"))], known).fetch(["ETH-BTC", "BTC-USDT"])
    assert prices == {"ETH-BTC": Decimal("0.1"), "BTC-USDT": Decimal(50_000)}


def test_a_new_market_walks_from_its_last_price_and_is_left_out_without_one():
    sol = Walk("SOL-USDT", "SOL", "USDT", CENT, Decimal(150), 0)
    new = Walk("NEW-USDT", "NEW", "USDT", CENT, None, 0)
    prices = SimulatedFeed(7, [sol, new], {}).fetch(["SOL-USDT", "NEW-USDT"])
    assert set(prices) == {"SOL-USDT"}
    assert abs(prices["SOL-USDT"] / 150 - 1) < Decimal("0.002")
