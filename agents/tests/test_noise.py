import random
from dataclasses import replace

from agents.strategies.noise import NoiseParameters, next_order, pause_ms
from agents.strategies.view import MarketView, Purse

INDEX = 6_000_000
VIEW = MarketView(INDEX, INDEX - 300, INDEX + 300, minimum_cost=50_000_000)
RICH = Purse(base=10**7, quote=10**14, base_total=10**7, base_target=10**7)
PARAMETERS = NoiseParameters(size=10_000)


def orders(view=VIEW, purse=RICH, seed=1, count=500):
    rng = random.Random(seed)
    return [next_order(view, purse, PARAMETERS, rng) for _ in range(count)]


def test_the_same_seed_gives_the_same_orders():
    assert orders(seed=5) == orders(seed=5) != orders(seed=6)


def test_both_sides_market_and_limit_orders_small_and_now_and_then_large():
    sent = orders()
    assert {order.side for order in sent} == {"buy", "sell"}
    assert {order.price is None for order in sent} == {True, False}
    large = sum(order.quantity > PARAMETERS.size // 3 for order in sent)
    assert 0 < large < len(sent) // 10


def test_a_limit_reaches_the_other_side():
    for order in orders():
        if order.price is not None:
            assert order.price >= VIEW.best_ask if order.side == "buy" else order.price <= VIEW.best_bid


def test_every_order_is_large_enough_for_the_market():
    assert all(order.quantity * INDEX >= VIEW.minimum_cost for order in orders())


def test_who_holds_too_much_sells_more_often():
    full = RICH._replace(base_total=2 * RICH.base_target)
    sells = sum(order.side == "sell" for order in orders(purse=full))
    assert sells > 400


def test_without_a_book_or_money_there_is_no_order():
    assert set(orders(replace(VIEW, best_bid=None, best_ask=None))) == {None}
    assert set(orders(purse=RICH._replace(base=0, quote=0))) == {None}


def test_nobody_is_paid_a_price_far_from_the_index():
    far = replace(VIEW, best_bid=INDEX * 98 // 100, best_ask=INDEX * 102 // 100)
    assert set(orders(far)) == {None}


def test_pauses_vary_around_the_mean():
    rng = random.Random(1)
    pauses = [pause_ms(PARAMETERS, rng) for _ in range(1_000)]
    assert min(pauses) > 0
    assert abs(sum(pauses) // len(pauses) - PARAMETERS.mean_pause_ms) < PARAMETERS.mean_pause_ms // 10
