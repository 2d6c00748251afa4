"""What becomes due while nobody trades: expiries, triggers on prices from outside, the end of an auction."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from common import clock
from market.services import set_price
from trading import services, tasks
from trading.matching_service import pipeline
from trading.models import BookState, CancelAfter, Order, OrderEvent
from trading.services import sweep_markets
from trading.tests.desk import TradingDesk, new_order
from trading.tests.laws import broken_laws
from trading.tests.other_desk import PROJECT, OtherDesk, database_url

SYMBOL = "BTC-USDT"


@pytest.fixture
def desk(transactional_db):
    desk = TradingDesk()
    yield desk
    assert broken_laws() == []


@pytest.fixture
def at(monkeypatch):
    """`at(ms)` sets the exchange's clock to so many milliseconds after the test began."""
    start = clock.now()

    def at(milliseconds):
        monkeypatch.setattr(clock, "now", lambda: start + timedelta(milliseconds=milliseconds))
        return clock.to_ms(clock.now())

    at(0)
    return at


def good_till(moment, side="buy", price="50000", quantity="0.1", **more):
    return new_order(side, quantity, price, time_in_force="gtd", expires_at=moment, **more)


def waits_for(source, trigger_price, side="sell", type="stop_market"):
    return services.NewOrder(
        side, type, Decimal("0.1"), trigger_price=Decimal(trigger_price), trigger_source=source
    )


def shown(placed):
    order = Order.objects.get(pk=placed.order.id)
    return order.status, order.reason


def due(symbol=SYMBOL):
    return BookState.objects.get(market__symbol=symbol)


def test_an_order_is_swept_away_when_its_time_is_up(desk, at):
    order = desk.calls("alice", SYMBOL, good_till(at(0) + 1000))
    other = desk.calls("alice", SYMBOL, good_till(at(0) + 5000))
    assert clock.to_ms(due().next_expiry_at) == at(0) + 1000
    at(999)
    assert sweep_markets() == 0
    at(1000)
    assert sweep_markets() == 1
    assert shown(order) == ("expired", "EXPIRED")
    assert shown(other) == ("open", "")
    assert clock.to_ms(due().next_expiry_at) == at(0) + 5000
    assert desk.balance("alice", "USDT") == ("95000", "5000")
    at(5000)
    assert (sweep_markets(), sweep_markets()) == (1, 0)
    assert due().next_expiry_at is None and desk.balance("alice", "USDT") == ("100000", "0")


@pytest.mark.parametrize(("moment", "fills"), [(999, 1), (1000, 0), (1001, 0)])
def test_it_is_never_filled_from_its_last_millisecond_on_sweep_or_not(desk, at, moment, fills):
    order = desk.calls("alice", SYMBOL, good_till(at(0) + 1000))
    at(moment)
    taker = desk.sells("bob", "0.1", at="50000")
    assert len(taker.fills) == fills
    assert shown(order)[0] == ("filled" if fills else "expired")


def test_only_markets_with_something_due_are_swept(desk, at):
    desk.calls("alice", SYMBOL, good_till(at(0) + 1000))
    desk.calls("alice", "ETH-USDT", good_till(at(0) + 1000, price="2000", quantity="1"))
    desk.calls("alice", "ETH-BTC", new_order("buy", "1", "0.01"))
    at(2000)
    before = OrderEvent.objects.count()
    assert sweep_markets() == 2
    assert OrderEvent.objects.count() == before + 2


def test_the_command_and_the_task_are_doors_to_the_same(desk, at, capsys):
    desk.calls("alice", SYMBOL, good_till(at(0) + 1))
    at(1)
    call_command("sweep_orders")
    assert capsys.readouterr().out == "1 markets swept\n"
    assert tasks.sweep_markets() == 0
    beaten = {row["task"]: row["schedule"] for row in settings.CELERY_BEAT_SCHEDULE.values()}
    assert beaten["trading.tasks.sweep_markets"] == 1.0


@pytest.mark.parametrize("source", ["mark", "index"])
def test_a_price_from_outside_fires_what_waits_for_it(desk, source):
    set_price(SYMBOL, Decimal("50000"), "simulation")
    desk.buys("alice", "1", at="48000")
    stop = desk.calls("bob", SYMBOL, waits_for(source, "49000"))
    assert due().watches_prices
    set_price(SYMBOL, Decimal("49000.01"), "simulation")
    sweep_markets()
    assert shown(stop) == ("pending_trigger", "")
    set_price(SYMBOL, Decimal("48999"), "simulation")
    sweep_markets()
    assert shown(stop) == ("filled", "")
    assert not due().watches_prices and sweep_markets() == 0


def test_an_exit_that_is_armed_knows_the_price_from_outside_as_it_is_now(desk):
    """And not as it was when the bracket was placed: nobody else had watched it meanwhile."""
    set_price(SYMBOL, Decimal("50000"), "simulation")
    trails = new_order("sell", "0.1", type="trailing_stop", trail_amount="500", trigger_source="index")
    bracket = desk.brackets("alice", new_order("buy", "0.1", "49000"), trails)
    set_price(SYMBOL, Decimal("40000"), "simulation")
    desk.sells("bob", "0.1", at="49000")
    desk.buys("carol", "1", at="39000")
    sweep_markets()
    stop = bracket.orders[1]
    assert shown(stop) == ("pending_trigger", "")
    assert desk.order(stop).conditions.trigger_price == Decimal("39500")


def test_prices_from_outside_wait_while_the_market_is_not_open(desk):
    set_price(SYMBOL, Decimal("50000"), "simulation")
    desk.buys("alice", "1", at="48000")
    stop = desk.calls("bob", SYMBOL, waits_for("index", "49000"))
    services.set_market_status(SYMBOL, "halted")
    set_price(SYMBOL, Decimal("48000"), "simulation")
    assert sweep_markets() == 0
    services.set_market_status(SYMBOL, "open")
    sweep_markets()
    assert shown(stop) == ("filled", "")


def test_an_auction_ends_when_its_time_is_up(desk, at):
    services.set_market_status(SYMBOL, "halted")
    services.set_market_status(SYMBOL, "open", auction_seconds=10)
    desk.sells("bob", "0.1", at="50000")
    buy = desk.buys("alice", "0.1", at="51000")
    at(9_999)
    assert sweep_markets() == 0
    at(10_000)
    assert (sweep_markets(), sweep_markets()) == (1, 0)
    assert shown(buy) == ("filled", "")
    assert due().market.status == "open"


def test_after_a_restart_nothing_due_is_forgotten(desk, at):
    set_price(SYMBOL, Decimal("50000"), "simulation")
    order = desk.calls("alice", SYMBOL, good_till(at(0) + 1000))
    desk.calls("bob", SYMBOL, waits_for("index", "40000"))
    pipeline._books.clear()
    desk.buys("carol", "0.1", at="40000")
    assert clock.to_ms(due().next_expiry_at) == at(0) + 1000 and due().watches_prices
    pipeline._books.clear()
    at(1000)
    sweep_markets()
    assert shown(order) == ("expired", "EXPIRED")


def test_one_market_that_cannot_be_swept_does_not_hold_up_the_others(desk, at, monkeypatch, caplog):
    orders = [
        desk.calls("alice", "ETH-USDT", good_till(at(0) + 1, price="2000", quantity="1")),
        desk.calls("alice", SYMBOL, good_till(at(0) + 1)),
    ]
    at(1)
    submit = services.submit

    def submit_elsewhere(symbol, requests):
        if symbol == SYMBOL:
            raise RuntimeError("a bug")
        return submit(symbol, requests)

    module = sys.modules[sweep_markets.__module__]
    monkeypatch.setattr(module, "submit", submit_elsewhere)
    assert sweep_markets() == 1
    assert [shown(order)[0] for order in orders] == ["expired", "open"]
    assert f"{SYMBOL} could not be swept" in caplog.text
    monkeypatch.setattr(module, "submit", submit)
    assert sweep_markets() == 1
    assert shown(orders[1])[0] == "expired"


def test_two_sweeps_at_once_expire_each_order_once(desk, at):
    for price in range(50000, 50020):
        desk.calls("alice", SYMBOL, good_till(at(0) + 1, price=str(price), quantity="0.01"))
    at(1)

    def sweep(_):
        try:
            return sweep_markets()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(sweep, range(8)))
    assert OrderEvent.objects.filter(kind="C", reason="EXPIRED").count() == 20
    assert desk.balance("alice", "USDT") == ("100000", "0")


def test_the_dead_mans_switch_outlives_the_process_that_armed_it(desk):
    order = desk.buys("alice", "0.1", at="50000")
    trader = OtherDesk()
    trader.asks("arm_cancel_after", account=desk.accounts["alice"], timeout_ms=1)
    trader.dies()
    assert CancelAfter.objects.count() == 1
    environment = os.environ | {"DATABASE_URL": database_url()}
    swept = subprocess.run(
        [sys.executable, "manage.py", "sweep_cancel_after"],
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert swept.stdout == "1 orders cancelled\n"
    assert shown(order) == ("cancelled", "CANCEL_AFTER_TIMEOUT")
