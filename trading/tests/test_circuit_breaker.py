"""A market that halts itself when its trades come too far apart."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest

from common import clock
from market.models import Market
from trading import services
from trading.matching_service import pipeline
from trading.matching_service.market_row import Breaker
from trading.matching_service.price_window import CircuitBreaker, PriceWindow, Prints
from trading.matching_service.requests import PlaceRequest, StatusRequest
from trading.models import Order, OrderEvent, Trade
from trading.tests.desk import TradingDesk, new_order
from trading.tests.laws import broken_laws
from trading.tests.other_desk import OtherDesk, go_home

SYMBOL = "BTC-USDT"
HALT = ("halted", "CIRCUIT_BREAKER")


@pytest.fixture
def desk(transactional_db):
    """A market that halts when trades within a minute are more than 10 % apart; the laws hold afterwards."""
    desk = TradingDesk(funds={"USDT": "1000000", "BTC": "100"})
    set_breaker("0.1", 60)
    yield desk
    assert broken_laws() == []


@pytest.fixture
def passes(monkeypatch):
    """Lets seconds pass on the exchange's clock."""
    real, gone = clock.now, [timedelta()]
    monkeypatch.setattr(clock, "now", lambda: real() + gone[0])

    def passes(seconds):
        gone[0] += timedelta(seconds=seconds)

    return passes


def set_breaker(move, seconds):
    Market.objects.filter(symbol=SYMBOL).update(
        breaker_move=None if move is None else Decimal(move), breaker_window_seconds=seconds
    )


def trades(desk, *prices):
    for price in prices:
        desk.sells("bob", "0.1", at=price)
        desk.buys("alice", "0.1", at=price)


def status():
    return Market.objects.get(symbol=SYMBOL).status


def state_changes():
    events = OrderEvent.objects.filter(market__symbol=SYMBOL, kind="S").order_by("sequence")
    return list(events.values_list("details__status", "reason"))


def test_trades_further_apart_than_the_move_halt_the_market(desk):
    trades(desk, "1000", "1050", "1100")
    assert status() == "open" and state_changes() == []
    trades(desk, "1100.01")
    assert status() == "halted" and state_changes() == [HALT]
    assert Trade.objects.count() == 4, "the trade that went too far stands"
    assert desk.buys("alice", "0.1", at="1000") == "MARKET_NOT_OPEN"


def test_downwards_as_well(desk):
    trades(desk, "1100", "1000")
    assert status() == "open"
    trades(desk, "999.99")
    assert status() == "halted"


def test_an_order_that_walks_the_book_is_matched_whole_and_then_the_market_halts(desk):
    for price in ("1000", "1080", "1200", "1300"):
        desk.sells("bob", "0.1", at=price)
    placed = desk.buys("alice", "0.3", at="1250")
    assert (placed.order.status, len(placed.fills)) == ("filled", 3)
    assert status() == "halted"
    assert desk.book() == ["sell 1300 | bob 0.1"]


def test_the_rest_of_a_batch_meets_a_halted_market(desk):
    account = desk.accounts["alice"]
    trades(desk, "1000")
    desk.sells("bob", "0.1", at="1200")
    desk.sells("bob", "0.1", at="1201")
    first, second = services.place_orders(
        account, [(SYMBOL, new_order("buy", "0.1", "1200")), (SYMBOL, new_order("buy", "0.1", "1201"))]
    )
    assert first.order.status == "filled"
    assert second.code.name == "MARKET_NOT_OPEN"


def test_what_is_older_than_the_window_counts_no_more(desk, passes):
    trades(desk, "1000")
    passes(59)
    trades(desk, "1090")
    passes(1.1)
    trades(desk, "1190")
    assert status() == "open"
    passes(30)
    trades(desk, "1200")
    assert status() == "halted"


def test_waiting_stops_wait_for_the_reopening(desk):
    stop = services.NewOrder("sell", "stop_market", Decimal("0.1"), trigger_price=Decimal("990"))
    order_id = desk.calls("carol", SYMBOL, stop).order.id
    desk.buys("alice", "1", at="892")
    trades(desk, "1000")
    desk.buys("alice", "0.1", at="895")
    desk.sells("bob", "0.1", at="895")
    assert status() == "halted"
    assert Order.objects.get(pk=order_id).status == "pending_trigger"
    services.set_market_status(SYMBOL, "open")
    assert [name for name, _ in state_changes()] == ["halted", "auction", "open"]
    fired = Order.objects.get(pk=order_id)
    assert (fired.status, fired.filled_cost) == ("filled", Decimal("89.2"))


def test_staff_reopen_it_through_an_auction_and_its_price_begins_the_new_window(desk, passes):
    trades(desk, "1000", "1200")
    assert status() == "halted"
    services.set_market_status(SYMBOL, "open", auction_seconds=10)
    desk.buys("alice", "0.2", at="1500")
    desk.sells("bob", "0.2", at="1500")
    assert Trade.objects.count() == 2
    passes(11)
    desk.cancels_all("carol", SYMBOL)
    assert status() == "open" and Trade.objects.count() == 3
    trades(desk, "1600")
    assert status() == "open", "what was traded before the halt counts no more"
    trades(desk, "1651")
    assert status() == "halted", "the auction's price does"


def test_a_market_that_is_reopened_begins_anew_within_a_batch_too(desk):
    trades(desk, "1000")
    alice, bob = desk.accounts["alice"], desk.accounts["bob"]
    services.submit(
        SYMBOL,
        [
            StatusRequest("halted"),
            StatusRequest("open", auction_seconds=0),
            PlaceRequest(bob, new_order("sell", "0.1", "1200", client_order_id="a")),
            PlaceRequest(alice, new_order("buy", "0.1", "1200", client_order_id="b")),
        ],
    )
    assert status() == "open" and Trade.objects.count() == 2


@pytest.mark.parametrize("loaded_anew", [False, True])
def test_the_auctions_price_counts_in_every_process_alike(desk, loaded_anew):
    trades(desk, "1000", "1200")
    services.set_market_status(SYMBOL, "auction")
    desk.buys("alice", "0.2", at="1500")
    desk.sells("bob", "0.2", at="1500")
    services.set_market_status(SYMBOL, "open", auction_seconds=0)
    if loaded_anew:
        pipeline._books.clear()
    trades(desk, "1651")
    assert status() == "halted"


def test_a_breaker_that_is_set_or_widened_holds_from_the_next_batch_on(desk):
    set_breaker(None, 60)
    trades(desk, "1000", "2000")
    assert status() == "open"
    set_breaker("0.5", 60)
    trades(desk, "2000")
    assert status() == "halted", "the trades of the last minute count although nobody watched them"


def test_a_longer_window_knows_older_trades(desk, passes):
    set_breaker("0.1", 1)
    trades(desk, "1000")
    passes(5)
    trades(desk, "1200")
    assert status() == "open"
    set_breaker("0.1", 60)
    trades(desk, "1200")
    assert status() == "halted"


def test_it_outlives_the_process_and_holds_across_processes(desk):
    alice, bob = desk.accounts["alice"], desk.accounts["bob"]

    def trades_in(process, price):
        for account, side in ((bob, "sell"), (alice, "buy")):
            process.asks("place", account=account, symbol=SYMBOL, side=side, quantity="0.1", price=price)

    first = OtherDesk()
    trades_in(first, "1050")
    first.dies()
    second, third = OtherDesk(), OtherDesk()
    trades_in(second, "1060")
    trades_in(third, "1000")
    trades_in(second, "1099")
    assert status() == "open"
    trades_in(second, "1101")
    assert status() == "halted"
    refused = {"account": alice, "symbol": SYMBOL, "side": "buy", "quantity": "0.1", "price": "1000"}
    assert third.asks("place", **refused) == "MARKET_NOT_OPEN"
    go_home([second, third])


def test_the_window_knows_the_extremes_of_any_stretch():
    """Against the plain way: all prices of the window, looked through."""
    chance = random.Random(5)
    window, known, now = PriceWindow(50), [], 0
    for _ in range(2000):
        now += chance.randint(0, 9)
        low = chance.randint(900, 1100)
        high = low + chance.randint(0, 30)
        inside = [price for moment, *both in known if moment > now - 50 for price in both]
        newest = Prints()
        newest.low, newest.high = low, high
        prices = [*inside, low, high]
        for move in (50_000, 100_000, 150_000):
            expected = max(prices) * 1_000_000 > min(prices) * (1_000_000 + move)
            assert window.has_moved(move, now, newest) == expected
        window.take(now, newest)
        known.append((now, low, high))


def test_a_market_without_a_breaker_keeps_no_prices(desk):
    set_breaker(None, 60)
    trades(desk, "1000", "3000")
    assert status() == "open"
    assert pipeline._books[SYMBOL].prices is None
    assert not CircuitBreaker(None, None, 0, []).has_tripped()
    assert CircuitBreaker(Breaker(1, 1), None, 0, []).has_tripped() is False
