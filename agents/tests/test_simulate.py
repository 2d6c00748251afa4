import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from agents.management.commands import simulate as command
from agents.simulation.scratch_database import scratch_database
from market.models import Market
from trading.models import Order, Trade
from trading.tests.desk import TradingDesk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def exchange():
    TradingDesk(people=(), symbols=("BTC-USDT", "ETH-BTC"))


def simulation(**options):
    output = io.StringIO()
    call_command("simulate", stdout=output, **options)
    lines = output.getvalue().splitlines()[1:]
    return {line[:26].strip(): line[26:] for line in lines}


def databases():
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE '%\\_simulation\\_%'")
        return {row[0] for row in cursor.fetchall()}


def test_the_same_seed_gives_the_same_trades_and_another_seed_gives_others():
    first = simulation(seed=7, orders=200)
    second = simulation(seed=7, orders=200)
    other = simulation(seed=8, orders=200)
    assert first.pop("took") and second.pop("took")
    assert first == second
    assert first["hash of all trades"] != other["hash of all trades"]
    # The same on any machine. If a strategy is changed on purpose, this changes with it.
    assert first["hash of all trades"].startswith("7d59c21cdcd8")
    assert first["audit"] == "clean"
    assert first["orders"].startswith("200, ")
    assert not first["trades"].startswith("0,")


def test_another_market_can_be_simulated():
    figures = simulation(seed=7, orders=101, symbol="ETH-BTC")
    assert figures["orders"].startswith("101, ")
    assert figures["best bid and ask"].endswith(" BTC")


def test_the_exchange_itself_is_not_touched_and_nothing_is_left_behind():
    before, name = databases(), connection.settings_dict["NAME"]
    simulation(seed=7, orders=100)
    assert connection.settings_dict["NAME"] == name
    assert not Order.objects.exists() and not Trade.objects.exists()
    assert databases() == before


@pytest.mark.parametrize("failure", [KeyboardInterrupt, RuntimeError])
def test_however_it_ends_the_scratch_database_is_dropped(monkeypatch, failure):
    def fail(*_):
        assert databases()
        raise failure

    before = databases()
    monkeypatch.setattr(command, "simulate", fail)
    with pytest.raises((CommandError, RuntimeError)):
        simulation(seed=7, orders=100)
    assert databases() == before
    assert Market.objects.count() == 2


def test_what_is_done_in_a_scratch_database_stays_there():
    with scratch_database():
        assert not Market.objects.exists()
    assert Market.objects.count() == 2


@pytest.mark.parametrize("orders", [0, -5, 10**9])
def test_a_count_of_orders_out_of_range_is_refused(orders):
    with pytest.raises(CommandError, match="--orders must be from 1"):
        simulation(orders=orders)


def test_an_unknown_market_is_refused_and_the_known_ones_named():
    with pytest.raises(CommandError, match=r"no market 'DOGE-USDT'; there are: .*ETH-BTC"):
        simulation(symbol="DOGE-USDT")


def test_words_for_numbers_are_refused():
    with pytest.raises(CommandError, match="invalid int value"):
        call_command("simulate", "--orders", "many")
