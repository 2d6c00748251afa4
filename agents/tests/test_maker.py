import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.strategies.maker import MakerParameters, band_edges, reference_price, requote
from agents.strategies.view import MarketView, OwnOrder, Purse

INDEX = 6_000_000  # 60,000.00 in ticks of 0.01
RICH = Purse(base=10**7, quote=10**14, base_total=10**7, base_target=10**7)
PARAMETERS = MakerParameters(size=10_000)


def view(index=INDEX, bid=None, ask=None):
    return MarketView(index, bid, ask, minimum_cost=50_000_000)


def decide(own=(), market=None, purse=RICH, parameters=PARAMETERS, seed=1):
    return requote(market or view(), own, purse, parameters, random.Random(seed))


def resting(quotes, own=()):
    """The maker's orders after everything was done."""
    kept = [order for order in own if order.order_id not in quotes.cancel]
    ids = itertools.count(10**7)
    return kept + [OwnOrder(next(ids), wish.side, wish.price, wish.quantity) for wish in quotes.place]


def prices(orders, side):
    return sorted(order.price for order in orders if order.side == side)


def test_an_empty_book_gets_fifteen_levels_on_each_side_around_the_index():
    orders = resting(decide())
    bids, asks = prices(orders, "buy"), prices(orders, "sell")
    assert len(bids) == len(asks) == 15
    assert max(bids) < INDEX < min(asks)


def test_the_spread_is_tight_and_not_zero():
    orders = resting(decide())
    spread = min(prices(orders, "sell")) - max(prices(orders, "buy"))
    assert 0 < spread < INDEX // 2_000


def test_sizes_and_spacing_are_random_and_follow_the_seed():
    assert decide(seed=3) == decide(seed=3)
    assert decide(seed=3) != decide(seed=4)
    sizes = {wish.quantity for wish in decide().place}
    assert len(sizes) > 10


def test_nothing_is_sent_while_nothing_has_moved():
    own = resting(decide())
    again = decide(own, seed=2)
    assert (again.cancel, again.take, again.place) == ([], [], [])


def test_a_small_move_replaces_few_quotes():
    own = resting(decide())
    moved = decide(own, view(INDEX + 600), seed=2)
    assert 0 < len(moved.cancel) <= 8
    assert len(resting(moved, own)) == 30


def test_after_a_large_move_no_quote_is_left_on_the_wrong_side():
    own = resting(decide())
    fallen = INDEX * 95 // 100
    orders = resting(decide(own, view(fallen), seed=2), own)
    assert max(prices(orders, "buy")) < fallen < min(prices(orders, "sell"))


def test_who_holds_too_much_quotes_lower_and_who_holds_too_little_higher():
    def reference(total):
        return reference_price(INDEX, Purse(total, 10**14, total, 10**6), PARAMETERS)

    assert reference(1_500_000) < reference(10**6) == INDEX < reference(500_000)
    assert reference(10**9) == reference(2 * 10**6)  # bounded


def test_quotes_that_would_trade_with_somebody_are_not_placed_but_the_somebody_is_taken():
    high_bid = INDEX + 5_000
    quotes = decide(market=view(bid=high_bid))
    assert [take.side for take in quotes.take] == ["sell"]
    assert quotes.take[0].price <= high_bid
    assert min(wish.price for wish in quotes.place if wish.side == "sell") > high_bid


def test_an_order_of_somebody_inside_the_spread_is_left_alone():
    quotes = decide(market=view(bid=INDEX - 10, ask=INDEX + 10))
    assert quotes.take == []
    assert len(quotes.place) == 30


def test_a_maker_with_little_money_quotes_the_best_levels_only():
    poor = Purse(base=10_000, quote=2 * 10_000 * INDEX, base_total=10_000, base_target=10_000)
    quotes = decide(purse=poor)
    assert 0 < len(quotes.place) < 15
    assert max(wish.price for wish in quotes.place if wish.side == "buy") == max(
        wish.price for wish in decide().place if wish.side == "buy"
    )


def test_a_maker_without_money_cancels_nothing_and_places_nothing():
    quotes = decide(purse=Purse(0, 0, 0, 10_000))
    assert quotes == ([], [], [])


def test_coarse_ticks_still_give_one_price_per_level():
    edges = band_edges(5_000, PARAMETERS)
    assert all(low < high for low, high in itertools.pairwise(edges))


@pytest.mark.parametrize("index", [1, 2, 10, 31])
def test_a_price_of_few_ticks_gives_positive_prices(index):
    market = MarketView(index, None, None, minimum_cost=1)
    assert all(wish.price >= 1 for wish in decide(market=market).place)


own_orders = st.builds(
    OwnOrder,
    order_id=st.integers(1, 10**6),
    side=st.sampled_from(["buy", "sell"]),
    price=st.integers(INDEX - 30_000, INDEX + 30_000),
    open=st.integers(1, 50_000),
)


@given(
    own=st.lists(own_orders, max_size=50, unique_by=lambda order: order.order_id),
    quote=st.integers(0, 10**13),
    base=st.integers(0, 10**6),
    bid=st.none() | st.integers(INDEX - 20_000, INDEX + 20_000),
    gap=st.integers(1, 500),
    seed=st.integers(0, 10**6),
)
def test_whatever_it_owns_it_never_crosses_itself_nor_spends_more_than_it_has(
    own, quote, base, bid, gap, seed
):
    market = view(bid=bid, ask=None if bid is None else bid + gap)
    quotes = decide(own, market, Purse(base, quote, base, 10**6), seed=seed)
    orders = resting(quotes, own)
    bids, asks = prices(orders, "buy"), prices(orders, "sell")
    assert not bids or not asks or bids[-1] < asks[0]
    gone = [order for order in own if order.order_id in quotes.cancel]
    freed = sum(order.price * order.open for order in gone if order.side == "buy")
    wishes = quotes.take + quotes.place
    assert sum(wish.price * wish.quantity for wish in wishes if wish.side == "buy") <= quote + freed
    freed = sum(order.open for order in gone if order.side == "sell")
    assert sum(wish.quantity for wish in wishes if wish.side == "sell") <= base + freed
    assert all(wish.price * wish.quantity >= market.minimum_cost for wish in wishes)
    if bid is not None:
        assert all(
            wish.price < bid + gap if wish.side == "buy" else wish.price > bid for wish in quotes.place
        )
