"""Call auctions with money: one price for all, nobody pays more than their limit, every unit is accounted for."""

import random
from decimal import Decimal

import pytest

from common import clock
from trading import selectors, services
from trading.models import Order, Trade
from trading.tests.desk import TradingDesk
from trading.tests.laws import broken_laws

SYMBOL = "BTC-USDT"


@pytest.fixture
def desk(transactional_db):
    """A market that collects orders; maker fee 0.1 %, taker fee 0.2 %; the laws hold afterwards."""
    desk = TradingDesk()
    services.set_market_status(SYMBOL, "auction")
    yield desk
    assert broken_laws() == []


def uncross():
    return services.set_market_status(SYMBOL, "open", auction_seconds=0)


def trades():
    """(price, quantity, taker's side) of each, oldest first."""
    rows = Trade.objects.order_by("id").values_list("price", "quantity", "taker_side")
    return [(f"{price.normalize():f}", f"{quantity.normalize():f}", side) for price, quantity, side in rows]


def shown(placed):
    order = Order.objects.get(pk=placed.order.id)
    return order.status, f"{order.filled_quantity.normalize():f}", f"{order.filled_cost.normalize():f}"


def test_a_buyer_gets_back_what_lies_between_the_limit_and_the_price(desk):
    sell = desk.sells("bob", "0.1", at="50000")
    buy = desk.buys("alice", "0.1", at="51000")
    assert desk.balance("alice", "USDT") == ("94900", "5100")
    uncross()
    assert trades() == [("50500", "0.1", "buy")]
    assert desk.balance("alice", "USDT") == ("94950", "0")
    assert desk.balance("alice", "BTC") == ("1.0998", "0"), "the newer order is the taker"
    assert desk.balance("bob", "USDT") == ("105044.95", "0")
    assert desk.balance("bob", "BTC") == ("0.9", "0")
    assert (desk.fees("BTC"), desk.fees("USDT")) == ("0.0002", "5.05")
    assert shown(buy) == shown(sell) == ("filled", "0.1", "5050")


def test_a_seller_who_came_later_is_the_taker(desk):
    desk.buys("alice", "0.1", at="51000")
    desk.sells("bob", "0.1", at="50000")
    uncross()
    assert trades() == [("50500", "0.1", "sell")]
    assert (desk.fees("BTC"), desk.fees("USDT")) == ("0.0001", "10.1")


def test_all_trade_at_one_price_and_the_rest_stays_in_the_book(desk):
    desk.buys("alice", "0.3", at="51000")
    rest = desk.buys("carol", "0.3", at="50500")
    desk.buys("carol", "0.1", at="49000")
    desk.sells("bob", "0.4", at="50000")
    desk.sells("bob", "0.2", at="52000")
    uncross()
    assert trades() == [("50250", "0.3", "sell"), ("50250", "0.1", "sell")]
    assert shown(rest) == ("partially_filled", "0.1", "5025")
    assert desk.book() == ["sell 52000 | bob 0.2", "buy 50500 | carol 0.2", "buy 49000 | carol 0.1"]
    assert desk.balance("carol", "USDT") == ("79975", "15000")


def test_the_price_is_nearest_the_last_one(desk):
    uncross()
    desk.sells("carol", "0.1", at="50100")
    desk.buys("alice", "0.1", at="50100")
    services.set_market_status(SYMBOL, "auction")
    desk.sells("bob", "0.1", at="50000")
    desk.buys("alice", "0.1", at="51000")
    uncross()
    assert trades()[1:] == [("50100", "0.1", "buy")]


def test_nobody_trades_with_themself(desk):
    desk.sells("alice", "0.1", at="50000")
    desk.sells("bob", "0.1", at="50000")
    desk.buys("alice", "0.1", at="50000", self_trade_prevention="cancel_oldest")
    uncross()
    assert len(trades()) == 1
    assert desk.balance("alice", "BTC") == ("1.0998", "0")
    assert desk.book() == []


def test_the_whole_of_an_iceberg_takes_part(desk):
    iceberg = desk.sells("bob", "0.5", at="50000", display="0.01")
    desk.buys("alice", "0.4", at="50000")
    uncross()
    assert shown(iceberg) == ("partially_filled", "0.4", "20000")
    book = selectors.book_snapshot(SYMBOL)
    assert (book.bids, book.asks) == ([], [(Decimal("50000.00"), Decimal("0.01000"))])


def test_orders_can_be_changed_and_withdrawn_until_the_end(desk):
    gone = desk.buys("alice", "0.1", at="52000")
    sell = desk.sells("bob", "0.1", at="51000")
    desk.buys("carol", "0.1", at="50000")
    desk.cancels("alice", gone)
    desk.amends("bob", sell, price="50000")
    uncross()
    assert trades() == [("50000", "0.1", "sell")], "an order that was changed came in anew"


def test_what_an_order_may_not_live_to_see_does_not_take_part(desk, monkeypatch):
    now = clock.now()
    soon = clock.to_ms(now) + 60_000
    desk.sells("bob", "0.1", at="50000", time_in_force="gtd", expires_at=soon)
    desk.buys("alice", "0.1", at="50000")
    monkeypatch.setattr(clock, "now", lambda: clock.from_ms(soon))
    uncross()
    assert trades() == [] and desk.book() == ["buy 50000 | alice 0.1"]


def test_an_auction_of_nothing_opens_the_market(desk):
    desk.buys("alice", "0.1", at="49000")
    desk.sells("bob", "0.1", at="50000")
    assert uncross().status == "open"
    assert trades() == [] and len(desk.book()) == 2


def test_what_it_would_come_to_is_shown_meanwhile(desk):
    assert selectors.call_auction(SYMBOL).price is None
    desk.sells("bob", "0.1", at="50000")
    desk.buys("alice", "0.3", at="50000")
    now = selectors.call_auction(SYMBOL)
    assert (now.status, now.ends_at, now.price) == ("auction", None, Decimal("50000.00"))
    assert (now.quantity, now.wanted, now.offered) == (Decimal("0.1"), Decimal("0.2"), 0)
    desk.sells("bob", "0.5", at="49000")
    now = selectors.call_auction(SYMBOL)
    assert (now.price, now.quantity, now.wanted, now.offered) == (
        Decimal("49499.99"), Decimal("0.3"), 0, Decimal("0.2"),
    )  # fmt: skip
    uncross()
    assert {price for price, _, _ in trades()} == {"49499.99"}
    assert sum(Decimal(quantity) for _, quantity, _ in trades()) == now.quantity


def test_many_people_many_prices_and_not_a_unit_is_lost(desk):
    chance = random.Random(7)
    for _ in range(150):
        who = chance.choice(["alice", "bob", "carol"])
        price, quantity = str(chance.randint(49000, 51000)), f"0.00{chance.randint(1, 9)}"
        mode = chance.choice(["cancel_newest", "cancel_oldest", "cancel_both", "decrement"])
        call = desk.buys if chance.random() < 0.5 else desk.sells
        call(who, quantity, at=price, self_trade_prevention=mode)
    uncross()
    assert len(trades()) > 10
