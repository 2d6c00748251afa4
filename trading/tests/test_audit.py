"""The audit of a clean exchange, and the command."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from market.models import Market
from trading import audit
from trading.models import BookState, Order, OrderCondition, OrderEvent, Trade
from trading.services import roll_up_candles
from trading.tests.audit_desk import Desk
from trading.tests.desk import TradingDesk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    return Desk(rounds=1)


def test_a_varied_day_breaks_no_rule():
    Desk()
    report = audit.audit()
    assert report.violations == []
    assert report.skipped == []
    assert report.rows["trades"] == Trade.objects.count() > 50
    assert {rule.id for rule in report.checked} == {rule.id for rule in audit.RULES}
    assert_that_it_was_varied()


def assert_that_it_was_varied():
    of_perpetuals = {"D", "I", "K"}  # trading/tests/perpetual_day.py
    kinds = set(OrderEvent.objects.values_list("kind", flat=True))
    assert set(OrderEvent.Kind.values) - of_perpetuals == kinds
    assert set(Order.Status.values) - {"new"} <= set(Order.objects.values_list("status", flat=True))
    reasons = set(Order.objects.values_list("reason", flat=True))
    assert {"CANCELLED_BY_USER", "IOC_REMAINDER", "FOK_NOT_FILLABLE", "SELF_TRADE_PREVENTED"} <= reasons
    assert {"EXPIRED", "LINKED_ORDER", "ENTRY_ENDED"} <= reasons
    assert Order.objects.filter(quote_quantity__isnull=False, filled_quantity__gt=0).exists()


def test_a_log_from_before_there_were_conditions_and_states_is_clean():
    """Its orders have no rows of conditions, and no event tells the state that its markets are in."""
    desk = TradingDesk()
    desk.sells("bob", "0.5", at="60000")
    desk.buys("alice", "0.2", at="60000")
    Market.objects.filter(symbol="BTC-USDT").update(status="halted")
    assert not OrderCondition.objects.exists()
    assert not OrderEvent.objects.filter(kind__in=("S", "P")).exists()
    assert audit.audit().violations == []


def test_an_exchange_without_a_single_trade_is_clean():
    assert audit.audit().violations == []


def test_an_audit_is_right_while_trading_goes_on(desk):
    """One snapshot for all rules: what is committed between two of them breaks none."""
    stop = threading.Event()

    def trade():
        try:
            while not stop.is_set():
                desk.trade_at_random("BTC-USDT", 8)
                roll_up_candles()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        trading = pool.submit(trade)
        try:
            seen = set()
            while len(seen) < 6 and not trading.done():
                report = audit.audit()
                assert report.violations == []
                seen.add(report.rows["events"])
        finally:
            stop.set()
        trading.result()
    assert len(seen) == 6


def run(*arguments):
    """Exit code and output of the command."""
    output = StringIO()
    try:
        call_command("audit", *arguments, stdout=output)
    except SystemExit as ended:
        return ended.code, output.getvalue()
    return 0, output.getvalue()


def test_the_planner_is_told_how_large_the_tables_are_now(desk):
    """With figures from when they were empty an audit of 10,000 orders took minutes instead of a second."""
    tables = ("trading_order", "trading_orderevent", "accounts_posting")
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE pg_class SET reltuples = 0 WHERE relname IN {tables}")
        audit.audit()
        cursor.execute(f"SELECT relname, reltuples FROM pg_class WHERE relname IN {tables}")
        assert all(rows > 0 for _, rows in cursor.fetchall())


def test_the_command_sums_up_a_clean_exchange(desk):
    code, output = run()
    assert code == 0
    assert f"Checked {len(audit.RULES)} rules" in output
    assert f"{Trade.objects.count():,} trades" in output
    assert output.rstrip().endswith("No violation.")


def test_the_command_says_what_a_fast_audit_leaves_out(desk):
    code, output = run("--fast")
    assert code == 0
    left_out = next(line for line in output.splitlines() if line.startswith("Left out by --fast: "))
    assert {"L5-BOOK,", "L4-QUEUE,", "L4-FOLLOWED,", "L6-WATCH."} <= set(left_out.split())


def test_the_answer_in_json_can_be_parsed(desk):
    code, output = run("--json")
    answer = json.loads(output)
    assert (code, answer["ok"], answer["violations"]) == (0, True, [])
    assert answer["rows"]["orders"] == Order.objects.count()
    assert len(answer["checked"]) == len(audit.RULES)


@pytest.fixture
def a_wrong_last_price(desk):
    BookState.objects.filter(market_id=desk.btc).update(last_price=1)


def test_the_command_names_the_violation_and_exits_with_1(a_wrong_last_price):
    code, output = run()
    assert code == 1
    assert "L5-STATE: BTC-USDT: last_price is 1, by the newest events " in output
    assert output.rstrip().endswith("1 violation of 1 rule: L5-STATE.")


def test_json_carries_the_violation_and_exits_with_1(a_wrong_last_price):
    code, output = run("--json")
    [violation] = json.loads(output)["violations"]
    assert code == 1
    assert violation["rule"] == "L5-STATE"
    assert (violation["details"]["name"], violation["details"]["stored"]) == ("last_price", "1")


def test_every_rule_has_its_own_name():
    ids = [rule.id for rule in audit.RULES]
    assert len(ids) == len(set(ids))
    assert all(rule.id.startswith(f"L{rule.law}-") for rule in audit.RULES)
