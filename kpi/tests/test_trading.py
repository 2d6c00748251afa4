"""GET /api/v1/kpi/trading: what the event logs say, each event once."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common import clock
from kpi.models import HOUR, MINUTE, TradingProgress, TradingStat, UserActivity
from kpi.services import roll_up_liquidations, roll_up_trading, take_samples
from risk.models import Liquidation, LiquidationStep
from trading.models import OrderEvent
from trading.services import mark_prices
from trading.tests.api.desk import Desk, outside_price, person
from trading.tests.first_markets import lay_first_markets

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desks():
    lay_first_markets()
    return Desk(person("alice")), Desk(person("bob"))


@pytest.fixture
def staff():
    return Desk(person("admin", funds={}, is_staff=True))


def told(staff, **parameters):
    roll_up_trading()
    answer = staff.get("kpi/trading", **parameters)
    assert answer.status_code == 200, answer.content
    return answer.json()


def of_market(figures, symbol="BTC-USDT"):
    [found] = [each for each in figures["markets"] if each["symbol"] == symbol]
    return found


def counts(told):
    return [told[name] for name in ("orders", "trades", "filled", "cancelled", "expired")]


def a_session(alice, bob):
    """5 orders: one filled by two trades, two whole takers, one cancelled in part, one open."""
    alice.sells("0.3", "50000")
    bob.buys("0.1", "50000")
    bob.buys("0.2", "51000")
    half = alice.sells("0.4", "52000")
    bob.buys("0.1", "52000")
    alice.delete(f"orders/{half['id']}")
    bob.buys("0.1", "40000")


def test_a_market_where_nothing_happened(desks, staff):
    figures = told(staff)
    assert counts(figures) == [0] * 5 and figures["fill_ratio"] is None and figures["series"] == []
    assert (figures["active_users"], figures["liquidations"]) == (0, {"begun": 0, "by_kind": []})
    assert len(figures["markets"]) > 3


def test_orders_and_trades_are_counted(desks, staff):
    a_session(*desks)
    figures = told(staff)
    market = of_market(figures)
    assert counts(figures) == counts(market) == [6, 3, 4, 1, 0]
    assert figures["fill_ratio"] == market["fill_ratio"] == 0.8
    assert (market["volume"], market["quote_volume"]) == ("0.4", "20200")
    assert figures["quote_volumes"] == [{"asset": "USDT", "amount": "20200"}]
    assert counts(of_market(figures, "ETH-USDT")) == [0] * 5
    assert sum(each["orders"] for each in figures["series"]) == 6


def test_each_event_is_counted_once_however_it_is_cut(desks, staff):
    a_session(*desks)
    events = OrderEvent.objects.count()
    cut = [roll_up_trading(chunk=1, most_chunks=3) for _ in range(10)]
    assert cut[0] == 3 and sum(cut) == events and roll_up_trading() == 0
    assert counts(told(staff)) == [6, 3, 4, 1, 0]


def test_an_order_is_filled_at_its_last_trade_and_not_before(desks, staff):
    alice, bob = desks
    alice.sells("0.3", "50000")
    bob.buys("0.1", "50000")
    assert counts(told(staff)) == [2, 1, 1, 0, 0]
    bob.buys("0.2", "50000")
    assert counts(told(staff)) == [3, 2, 3, 0, 0]


def test_a_minute_that_has_been_counted_is_added_to(desks, staff):
    a_session(*desks)
    roll_up_trading()
    a_session(*desks)
    assert told(staff)["orders"] == 12
    for step in (MINUTE, HOUR):
        assert sum(TradingStat.objects.filter(step_seconds=step).values_list("orders", flat=True)) == 12


def test_an_order_whose_time_is_up_has_expired(desks, staff):
    soon = clock.to_ms(clock.now()) + 60_000
    desks[0].buys("0.1", "40000", time_in_force="gtd", expires_at=soon)
    OrderEvent.objects.count()
    later = clock.now() + timedelta(minutes=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: later)
        outside_price("50000")
        assert counts(told(staff)) == [1, 0, 0, 0, 1]


def test_what_an_order_could_not_get_at_once_is_cancelled(desks, staff):
    desks[0].buys("0.1", "40000", time_in_force="ioc")
    assert counts(told(staff)) == [1, 0, 0, 1, 0]


def test_a_purchase_by_cost_is_filled(desks, staff):
    alice, bob = desks
    alice.sells("1", "50000")
    bob.buys(quote_quantity="1000")
    assert counts(told(staff)) == [2, 1, 1, 0, 0]


def test_refused_orders_are_none(desks, staff):
    assert desks[0].place("buy", "500", "50000").status_code == 422
    assert counts(told(staff)) == [0] * 5


def test_roll_ups_at_once_count_nothing_twice(desks, staff):
    for _ in range(3):
        a_session(*desks)
    failed, begin = [], threading.Barrier(3)

    def roll_up():
        try:
            begin.wait()
            for _ in range(5):
                roll_up_trading(chunk=2)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=roll_up) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == [] and counts(told(staff)) == [18, 9, 12, 3, 0]


def test_it_says_until_when_all_is_counted(desks, staff):
    a_session(*desks)
    roll_up_trading(chunk=1, most_chunks=1)
    assert staff.get("kpi/trading").json()["as_of"] is None
    before = clock.to_ms(clock.now())
    assert before <= told(staff)["as_of"] <= clock.to_ms(clock.now())


# ---- who ----


def test_active_users_are_those_who_placed_or_traded(desks, staff):
    alice, bob = desks
    alice.sells("0.3", "50000")
    assert told(staff)["active_users"] == 1
    bob.buys("0.3", "50000")
    assert told(staff)["active_users"] == 2


@pytest.mark.parametrize(("name", "active"), [("1h", 1), ("24h", 2), ("7d", 3)])
def test_active_users_of_each_window(staff, desks, name, active):
    carol = person("carol")
    for user, ago in ((desks[0].user, 0), (desks[1].user, 12), (carol, 100), (staff.user, 300)):
        UserActivity.objects.create(user=user, last_active_at=clock.now() - timedelta(hours=ago))
    assert told(staff, window=name)["active_users"] == active


def test_a_margin_account_is_its_user(desks, staff):
    alice, _ = desks
    assert (
        alice.post("margin/transfer", {"asset": "USDT", "amount": "9000", "to": "margin"}).status_code == 200
    )
    outside_price("50000")
    mark_prices()
    alice.buys("0.01", "40000")
    assert alice.place("buy", "0.01", "40000", account="margin").status_code == 201
    assert told(staff)["active_users"] == UserActivity.objects.count() == 1


# ---- what is looked at ----


def test_the_spread_is_looked_at(desks, staff):
    alice, _ = desks
    alice.buys("0.1", "49999")
    first = alice.sells("0.1", "50001")
    take_samples()
    alice.delete(f"orders/{first['id']}")
    alice.sells("0.1", "50003")
    take_samples()
    spread = of_market(told(staff))["spread"]
    assert spread == {"last": "4", "average": "3", "last_bps": 0.8, "average_bps": 0.6}
    assert of_market(told(staff), "ETH-USDT")["spread"] is None


def test_open_interest_is_looked_at(desks, staff):
    alice, bob = desks
    outside_price("50000")
    mark_prices()
    alice.buys("0.1", "50000", symbol="BTC-PERP")
    bob.sells("0.1", "50000", symbol="BTC-PERP")
    take_samples()
    assert of_market(told(staff), "BTC-PERP")["open_interest"] == "0.1"
    assert of_market(told(staff), "BTC-USDT")["open_interest"] is None


# ---- liquidations ----


def a_liquidation(user, kinds, ago=timedelta()):
    now = clock.now() - ago
    row = Liquidation.objects.create(account=user.account, equity=1, maintenance_margin=2, started_at=now)
    for number, kind in enumerate(kinds, 1):
        LiquidationStep.objects.create(
            liquidation=row, number=number, kind=kind, equity=1, maintenance_margin=2, created_at=now
        )


def test_liquidations_are_counted_by_what_was_done(desks, staff):
    alice, bob = desks
    a_liquidation(alice.user, ["warned", "orders_cancelled", "reduced", "reduced", "closed"])
    a_liquidation(bob.user, ["warned"])
    for _ in range(3):
        roll_up_liquidations()
    assert told(staff)["liquidations"] == {
        "begun": 2,
        "by_kind": [
            {"kind": kind, "steps": steps}
            for kind, steps in (("closed", 1), ("orders_cancelled", 1), ("reduced", 2), ("warned", 2))
        ],
    }


def test_a_step_that_is_committed_late_is_counted(desks, staff):
    """Its time is before that of the last roll-up, as a long transaction leaves it."""
    a_liquidation(desks[0].user, ["warned"])
    roll_up_liquidations()
    a_liquidation(desks[1].user, ["warned"], ago=timedelta(minutes=10))
    roll_up_liquidations()
    assert told(staff, window="24h")["liquidations"]["begun"] == 2


def test_a_clock_that_was_ahead_hides_no_liquidation(desks, staff, monkeypatch):
    with monkeypatch.context() as ahead:
        later = clock.now() + timedelta(hours=5)
        ahead.setattr(clock, "now", lambda: later)
        roll_up_liquidations()
    a_liquidation(desks[0].user, ["warned"])
    roll_up_liquidations()
    assert told(staff)["liquidations"]["begun"] == 1


def test_after_a_long_pause_nothing_is_missing(desks, staff):
    roll_up_liquidations()
    a_liquidation(desks[0].user, ["warned"], ago=timedelta(minutes=-300))
    with pytest.MonkeyPatch.context() as patch:
        later = clock.now() + timedelta(hours=9)
        patch.setattr(clock, "now", lambda: later)
        roll_up_liquidations()
        assert told(staff, window="24h")["liquidations"]["begun"] == 1


# ---- how ----


def test_however_much_was_traded_it_reads_the_roll_ups_alone(desks, staff):
    a_session(*desks)
    roll_up_trading()
    with CaptureQueriesContext(connection) as queries:
        staff.get("kpi/trading")
    asked = [query["sql"] for query in queries]
    assert not any(raw in sql for sql in asked for raw in ('"trading_', '"risk_'))
    assert sum('"kpi_' in sql for sql in asked) <= 8


def test_the_sums_are_those_of_the_rows(desks, staff):
    """However many times and in whatever pieces: against the tables themselves."""
    alice, bob = desks
    for number in range(12):
        alice.sells(f"0.0{number + 1}", str(50_000 + number))
        bob.buys("0.05", "50006")
        roll_up_trading(chunk=number % 4 + 1, most_chunks=2)
    figures = of_market(told(staff))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), sum(quantity), sum(cost) FROM trading_trade")
        trades, volume, cost = cursor.fetchone()
        cursor.execute("SELECT status, count(*) FROM trading_order GROUP BY status")
        statuses = dict(cursor.fetchall())
    assert (figures["trades"], Decimal(figures["volume"])) == (trades, volume)
    assert Decimal(figures["quote_volume"]) == cost
    assert (figures["orders"], figures["filled"]) == (sum(statuses.values()), statuses["filled"])
    assert TradingProgress.objects.get(market__symbol="BTC-USDT").sequence == OrderEvent.objects.count()
