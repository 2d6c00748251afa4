"""`manage.py replay`: the log alone gives the state that the rows have."""

import io
import os
import re
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from trading import services
from trading.matching_service.requests import LinkedRequest
from trading.models import BookState, Order, OrderEvent, Trade
from trading.rules import NewOrder
from trading.tests.busy_day import BusyDay
from trading.tests.desk import TradingDesk

pytestmark = pytest.mark.django_db(transaction=True)

SYMBOL = "BTC-USDT"
FUNDS = {"USDT": "50000000", "BTC": "1000"}


def replay(**options):
    """Title -> figure of what the command printed."""
    output = io.StringIO()
    call_command("replay", SYMBOL, stdout=output, **options)
    return {line[:22].strip(): line[22:] for line in output.getvalue().splitlines()}


@pytest.fixture
def desk():
    return TradingDesk(funds=FUNDS, symbols=(SYMBOL,))


@pytest.fixture
def day(desk):
    day = BusyDay(desk.accounts.values())
    day.trade(90)
    day.leave_one_of_each()
    return day


def test_a_day_of_everything_is_rebuilt_from_the_log_alone(day):
    kinds = set(OrderEvent.objects.values_list("kind", flat=True))
    assert kinds == set("ATUCRMFGQVSP"), "the day was not busy enough"
    statuses = set(Order.objects.values_list("status", flat=True))
    assert statuses == set(Order.Status.values)
    figures = replay()
    assert figures["rebuilt and live"] == "equal"
    assert figures["state hash"] == figures["live state hash"]
    live = Order.objects.filter(status__in=Order.ACTIVE_STATUSES).count()
    assert figures["orders"] == f"{Order.objects.count()}, {live} of them live"
    assert figures["trades"] == str(Trade.objects.count())


@pytest.mark.parametrize("seed", [int(os.environ.get("REPLAY_SEED", "1")), 21, 29])
def test_other_days(desk, seed):
    """REPLAY_SEED in the environment repeats another day."""
    BusyDay(desk.accounts.values(), seed).trade(60)
    assert replay()["rebuilt and live"] == "equal"


def test_exits_that_wait_for_their_entry_are_loaded_as_the_log_has_them(desk):
    day = BusyDay(desk.accounts.values())
    day.leave_one_of_each()
    entry = NewOrder("buy", "limit", Decimal(1), Decimal(100), client_order_id="entry")
    stop = NewOrder("sell", "stop_market", Decimal(1), trigger_price=Decimal(90), client_order_id="stop")
    day.ask(LinkedRequest(desk.accounts["alice"], (entry, stop), ("entry", "stop_loss")))
    assert replay()["rebuilt and live"] == "equal"
    [waiting] = Order.objects.filter(client_order_id="stop", status="new")
    assert waiting.conditions.trigger_price == 90
    services.cancel_order(desk.accounts["alice"], waiting.pk)
    assert Order.objects.get(client_order_id="entry").status == "open"
    assert replay()["rebuilt and live"] == "equal"


def test_until_gives_the_state_as_of_then(desk):
    desk.sells("bob", "0.5", at="60000")
    desk.buys("alice", "0.2", at="59000")
    before = replay()
    desk.buys("carol", "0.5", at="60000")
    then = replay(until=2)
    assert then["state hash"] == before["state hash"] != replay()["state hash"]
    assert then["best bid and ask"] == "59000 / 60000"
    assert (then["orders"], then["trades"]) == ("2, 2 of them live", "0")
    assert "rebuilt and live" not in then
    assert replay(until=3)["orders"].startswith("3") and replay(until=0)["orders"] == "0, 0 of them live"
    newest = BookState.objects.get().sequence
    assert replay(until=newest)["rebuilt and live"] == "equal"
    with pytest.raises(CommandError, match=f"--until must be from 0 to {newest}, not {newest + 1}"):
        replay(until=newest + 1)


def test_a_market_without_a_past_is_equal(desk):
    assert replay()["rebuilt and live"] == "equal"


def corrupt(statement):
    """Do to the tables what the database would refuse, and commit it."""
    with connection.cursor() as cursor:
        tables = ("trading_orderevent", "trading_trade")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement)
        assert cursor.rowcount == 1, f"corrupted nothing: {statement}"
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.mark.parametrize(
    "part, statement",
    [
        ("book", "UPDATE trading_bookstate SET last_price = last_price + 1"),
        ("book, orders", "UPDATE trading_order SET price = price + 1 WHERE side = 'sell'"),
        ("orders", "UPDATE trading_order SET reason = 'X' WHERE status = 'filled'"),
        ("orders", "UPDATE trading_order SET filled_cost = filled_cost + 0.001 WHERE status = 'filled'"),
        ("orders", "DELETE FROM trading_order WHERE status = 'filled'"),
        ("trades", "UPDATE trading_trade SET taker_side = 'sell'"),
        ("trades", "DELETE FROM trading_trade"),
    ],
)
def test_rows_that_differ_from_the_log_are_told_by_part(desk, part, statement):
    desk.sells("bob", "0.5", at="60000")
    desk.buys("alice", "0.2", at="60000")
    corrupt(statement)
    with pytest.raises(CommandError, match=f"differ in: {part}\\."):
        replay()


@pytest.mark.parametrize(
    "statement, why",
    [
        ("DELETE FROM trading_orderevent WHERE sequence = 2", "event 2 is missing: the next one is 3"),
        ("DELETE FROM trading_orderevent WHERE sequence = 3", "event 3 is missing: the log ends before 3"),
        ("UPDATE trading_orderevent SET details = '{}' WHERE sequence = 2", "event 2 cannot be read"),
        ("UPDATE trading_orderevent SET price = 7 WHERE sequence = 3", "event 3 does not fit"),
    ],
)
def test_a_broken_log_is_told_with_its_place(desk, statement, why):
    desk.sells("bob", "0.5", at="60000")
    desk.buys("alice", "0.2", at="60000")
    corrupt(statement)
    with pytest.raises(CommandError, match=re.escape(why)):
        replay()


def test_an_unknown_market_is_refused(db):
    with pytest.raises(CommandError, match="no market 'BTC-USDT'"):
        replay()
