"""A client order id takes effect once, however often, wherever and at whatever moment it is sent again."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection

from common.errors import ErrorCode, Refused
from trading import services
from trading.models import Order, Trade
from trading.tests.desk import TradingDesk, new_order
from trading.tests.laws import broken_laws
from trading.tests.meddling import before, elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    desk = TradingDesk()
    yield desk
    assert broken_laws() == []


def alices_orders(desk):
    return list(Order.objects.filter(account_id=desk.accounts["alice"]).order_by("id"))


def test_an_order_sent_again_is_the_first_one_with_its_fills(desk):
    desk.sells("bob", "0.1", at="60000")
    first = desk.buys("alice", "0.3", at="60000", client_order_id="lunch")
    everything = desk.everything()
    again = desk.buys("alice", "0.3", at="60000", client_order_id="lunch")
    assert again.replayed
    assert (again.order.id, again.order.status) == (first.order.id, "partially_filled")
    assert [fill.id for fill in again.fills] == [fill.id for fill in first.fills]
    assert desk.everything() == everything


def test_what_is_sent_again_need_not_be_the_same_order(desk):
    first = desk.buys("alice", "0.3", at="60000", client_order_id="lunch")
    for symbol, again in (
        ("BTC-USDT", new_order("sell", "0.1", at="70000", client_order_id="lunch")),
        ("ETH-USDT", new_order("buy", "1", at="2000", client_order_id="lunch")),
        ("BTC-USDT", new_order("buy", "99", at="0.001", client_order_id="lunch")),  # would be refused
    ):
        assert desk.calls("alice", symbol, again).order.id == first.order.id
    assert len(alices_orders(desk)) == 1


def test_an_order_sent_again_shows_how_it_stands_now(desk):
    bid = desk.buys("alice", "0.3", at="60000", client_order_id="lunch")
    desk.cancels("alice", bid)
    again = desk.buys("alice", "0.3", at="60000", client_order_id="lunch")
    assert (again.replayed, again.order.status) == (True, "cancelled")
    assert desk.book() == []


def test_two_people_may_use_the_same_id(desk):
    alices = desk.buys("alice", "0.3", at="60000", client_order_id="lunch")
    bobs = desk.buys("bob", "0.3", at="60000", client_order_id="lunch")
    assert alices.order.id != bobs.order.id
    assert not bobs.replayed


def test_a_refused_order_does_not_use_up_its_id(desk):
    assert desk.buys("alice", "9", at="60000", client_order_id="lunch") == "INSUFFICIENT_FUNDS"
    placed = desk.buys("alice", "0.1", at="60000", client_order_id="lunch")
    assert (placed.order.status, placed.replayed) == ("open", False)


def test_twice_in_one_batch_is_once(desk):
    orders = [("BTC-USDT", new_order("buy", "0.3", at="60000", client_order_id="lunch"))] * 3
    placed = services.place_orders(desk.accounts["alice"], orders)
    assert [each.replayed for each in placed] == [False, True, True]
    assert len({each.order.id for each in placed}) == len(alices_orders(desk)) == 1


def test_twice_in_one_batch_of_which_the_first_is_refused_is_once(desk):
    orders = [
        ("BTC-USDT", new_order("buy", quantity, at="60000", client_order_id="lunch"))
        for quantity in ("9", "0.1", "0.2")
    ]
    first, second, third = services.place_orders(desk.accounts["alice"], orders)
    assert first.code.name == "INSUFFICIENT_FUNDS"
    assert (second.replayed, third.replayed, third.order.id) == (False, True, second.order.id)


def test_orders_without_an_id_are_each_their_own(desk):
    placed = [desk.buys("alice", "0.1", at="60000") for _ in range(3)]
    ids = {each.order.client_order_id for each in placed}
    assert len(ids) == 3
    assert all(len(client_order_id) == 36 for client_order_id in ids)


def test_the_id_that_the_exchange_made_can_be_sent_again_too(desk):
    first = desk.buys("alice", "0.1", at="60000")
    again = desk.buys("alice", "0.1", at="60000", client_order_id=first.order.client_order_id)
    assert (again.replayed, again.order.id) == (True, first.order.id)


def test_twenty_threads_at_once_place_it_once(desk):
    desk.sells("bob", "1", at="60000")

    def place(_):
        try:
            return desk.buys("alice", "0.1", at="60000", client_order_id="lunch")
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        placed = list(pool.map(place, range(20)))
    assert sorted(each.replayed for each in placed) == [False] + [True] * 19
    assert len({each.order.id for each in placed}) == len(alices_orders(desk)) == 1
    assert all(len(each.fills) == 1 for each in placed)
    assert desk.balance("alice", "USDT") == ("94000", "0")


def test_twenty_threads_in_three_markets_place_it_once(desk):
    """Nothing but the database's unique key stands between two markets."""

    def place(number):
        symbol, price = (("BTC-USDT", "60000"), ("ETH-USDT", "2000"), ("ETH-BTC", "0.03"))[number % 3]
        try:
            return desk.calls("alice", symbol, new_order("buy", "0.1", at=price, client_order_id="lunch"))
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        placed = list(pool.map(place, range(20)))
    assert [each.replayed for each in placed].count(False) == 1
    assert len({each.order.id for each in placed}) == len(alices_orders(desk)) == 1


def test_placed_in_another_market_between_matching_and_writing_it_is_found(desk):
    """The batch matched, then met the other market's order with its id, and runs again."""
    ether = new_order("buy", "1", at="2000", client_order_id="lunch")
    desk.sells("bob", "0.3", at="60000")
    with before("write", lambda batch: elsewhere(lambda: desk.calls("bob", "ETH-USDT", ether)), times=1):
        bobs = desk.calls("bob", "BTC-USDT", new_order("sell", "0.1", at="60000"))
    assert bobs.order.status == "open"
    with before("lock_balances", lambda batch: elsewhere(lambda: desk.calls("alice", "ETH-USDT", ether))):
        placed = desk.buys("alice", "0.1", at="60000", client_order_id="lunch")
    assert (placed.replayed, placed.order.market.symbol) == (True, "ETH-USDT")
    assert len(alices_orders(desk)) == 1
    assert Trade.objects.count() == 0


def test_met_again_and_again_elsewhere_ends_in_a_clean_refusal(desk):
    """Each attempt meets one more of its ids in another market; nothing of the batch is placed."""
    names = [f"lunch-{number}" for number in range(6)]
    coming = iter(names)

    def take_the_next(batch):
        if batch.symbol != "BTC-USDT":  # the other market's own batch comes by here too
            return
        ether = new_order("buy", "0.1", at="2000", client_order_id=next(coming))
        elsewhere(lambda: desk.calls("alice", "ETH-USDT", ether))

    orders = [
        services.PlaceRequest(
            desk.accounts["alice"], new_order("buy", "0.001", at="50000", client_order_id=name)
        )
        for name in names
    ]
    with before("lock_balances", take_the_next, times=20), pytest.raises(Refused) as refused:
        services.submit("BTC-USDT", orders)
    assert refused.value.code is ErrorCode.UNAVAILABLE
    assert {order.market.symbol for order in alices_orders(desk)} == {"ETH-USDT"}
    assert [outcome.order_id for outcome in services.submit("BTC-USDT", orders)[:4]] == [
        order.id for order in alices_orders(desk)[:4]
    ]


def test_two_processes_place_it_once(desk, other_desks):
    order = {
        "account": desk.accounts["alice"], "symbol": "BTC-USDT", "side": "buy", "quantity": "0.1",
        "price": "60000",
    }  # fmt: skip
    for number in range(10):
        for other in other_desks(2):
            other.starts("place", client_order_id=f"lunch-{number}", **order)
        first, second = (other.ends() for other in other_desks(2))
        assert first["id"] == second["id"]
        assert sorted((first["replayed"], second["replayed"])) == [False, True]
    assert [each.quantity for each in alices_orders(desk)] == [Decimal("0.1")] * 10
