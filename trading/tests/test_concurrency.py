"""Several real processes on the same markets with the same people: nothing is lost and nothing is done twice."""

import os
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import Balance
from trading import services
from trading.models import BookState, Order, OrderEvent, Trade
from trading.tests.desk import TradingDesk, as_decimal, warm_hash
from trading.tests.laws import broken_laws
from trading.tests.other_desk import OtherDesk, go_home, is_waiting_for_a_lock, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

SEED = int(os.environ.get("STORM_SEED", "7"))
SYMBOLS = ["BTC-USDT", "ETH-USDT", "ETH-BTC"]
ORDERS_PER_PROCESS = 160
ADVISORY_KEY = 4711


@pytest.fixture
def desk():
    return TradingDesk()


def audit_is_clean():
    output = StringIO()
    try:
        call_command("audit", stdout=output)
    except SystemExit as ended:
        return ended.code == 0, output.getvalue()
    return True, output.getvalue()


def test_three_processes_trade_three_markets_at_once(desk, other_desks):
    """STORM_SEED in the environment repeats another storm."""
    desks, accounts = other_desks(3), list(desk.accounts.values())
    for number, other in enumerate(desks):
        other.asks("failures_met")
        other.starts(
            "storm", seed=SEED + number, orders=ORDERS_PER_PROCESS, symbols=SYMBOLS, accounts=accounts
        )
    reports = [other.ends() for other in desks]

    acknowledged = {order for report in reports for order in report["orders"]}
    assert Order.objects.filter(id__in=acknowledged).count() == len(acknowledged) == Order.objects.count()
    assert Trade.objects.count() > 20, f"seed {SEED}: too quiet to show anything"
    assert {report["ended"].get("UNAVAILABLE", 0) for report in reports} == {0}, f"seed {SEED}: {reports}"
    failures = {name for other in desks for name in other.asks("failures_met")}
    assert failures <= {"UniqueViolation"}, (
        f"seed {SEED}: {failures}"
    )  # the same client order id in two markets
    assert broken_laws() == [], f"seed {SEED}"
    clean, report = audit_is_clean()
    assert clean, f"seed {SEED}: {report}"
    for symbol in SYMBOLS:
        books = [tuple(other.asks("warm_book", symbol=symbol)) for other in desks]
        assert len(set(books)) == 1, f"seed {SEED}: the processes' books differ: {books}"


def test_two_processes_in_turn_keep_the_same_book(desk, other_desks):
    alice, bob = desk.accounts["alice"], desk.accounts["bob"]
    first, second = other_desks(2)
    for round_number in range(6):
        first.asks("place", account=alice, symbol="BTC-USDT", side="buy", quantity="0.1", price="60000")
        second.asks(
            "place",
            account=bob,
            symbol="BTC-USDT",
            side="sell",
            quantity="0.07",
            price=str(60000 + round_number % 2),
        )
        desk.buys("carol", "0.02", at=str(60000 + round_number % 2))
        assert first.asks("warm_book", symbol="BTC-USDT") == second.asks("warm_book", symbol="BTC-USDT")
    services.submit("BTC-USDT", [services.CancelAllRequest(0)])
    assert second.asks("warm_book", symbol="BTC-USDT")[1] == warm_hash("BTC-USDT")
    assert broken_laws() == []


def test_an_emptied_database_is_a_new_life_for_every_process(desk, other_desks):
    """The processes' warm books are of earlier tests' markets, which are gone; so are their sequences."""
    [other] = other_desks(1)
    for price in ("59000", "59001", "59002"):
        other.asks(
            "place",
            account=desk.accounts["alice"],
            symbol="BTC-USDT",
            side="buy",
            quantity="0.1",
            price=price,
        )
    call_command("flush", verbosity=0, interactive=False)
    desk = TradingDesk()
    bid = other.asks(
        "place", account=desk.accounts["alice"], symbol="BTC-USDT", side="buy", quantity="0.1", price="60000"
    )
    assert bid["status"] == "open"
    assert BookState.objects.get(market__symbol="BTC-USDT").sequence == 1
    assert desk.sells("bob", "0.1", at="60000").order.status == "filled"
    assert broken_laws() == []


def test_a_book_of_another_life_is_not_used_even_if_it_has_the_right_number_of_events(desk, other_desks):
    desk.buys("alice", "0.5", at="60000")
    call_command("flush", verbosity=0, interactive=False)
    desk, [other] = TradingDesk(), other_desks(1)
    other.asks("place", **order_of(desk, "bob"))
    ask = desk.sells("carol", "0.3", at="60000")
    assert (ask.order.status, len(ask.fills)) == ("partially_filled", 1)
    assert desk.book() == ["sell 60000 | carol 0.2"]
    assert broken_laws() == []


def test_a_halt_holds_for_every_process_from_the_moment_it_returns(desk, other_desks):
    desks, accounts = other_desks(2), list(desk.accounts.values())
    bids = [desk.buys("alice", "0.01", at="50000") for _ in range(5)]
    for number, other in enumerate(desks):
        other.starts("storm", seed=SEED + number, orders=120, symbols=["BTC-USDT"], accounts=accounts)
    wait_until(lambda: OrderEvent.objects.filter(kind="A").count() > 30)
    services.set_market_status("BTC-USDT", "halted")
    accepted = OrderEvent.objects.filter(kind__in="AM").count()
    for bid in bids:
        desk.cancels("alice", bid)
    reports = [other.ends() for other in desks]
    assert OrderEvent.objects.filter(kind__in="AM").count() == accepted
    assert sum(report["ended"].get("MARKET_NOT_OPEN", 0) for report in reports) > 0
    assert not Order.objects.filter(price=50000, status="open").exists()
    assert broken_laws() == []


# ---- the lock is what makes it right ----


def race(desk, first, second):
    """The first stops after matching, the second places its order meanwhile. Did the second wait for the first?"""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_KEY])
        try:
            first.asks("stop_before_writing", key=ADVISORY_KEY)
            first.starts("place", **order_of(desk, "alice"))
            wait_until(lambda: is_waiting_for_a_lock(first.backend_pid))
            second.starts("place", **order_of(desk, "bob"))
            wait_until(lambda: is_waiting_for_a_lock(second.backend_pid) or Order.objects.exists())
            waited = not Order.objects.exists()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_KEY])
    return waited, [first.ends(), second.ends()]


def order_of(desk, who):
    return {
        "account": desk.accounts[who], "symbol": "BTC-USDT", "side": "buy", "quantity": "0.1", "price": "60000",
    }  # fmt: skip


@pytest.fixture
def unlocked_desks():
    desks = [OtherDesk(), OtherDesk()]
    for other in desks:
        other.asks("take_the_lock_away")
    yield desks
    go_home(desks)


def test_without_the_lock_two_processes_give_the_same_number_to_two_events(desk, unlocked_desks):
    waited, _ = race(desk, *unlocked_desks)
    assert not waited
    met = [other.asks("failures_met") for other in unlocked_desks]
    assert met == [{"UniqueViolation": 1}, {}], "the log itself refused the second event of the same number"
    assert broken_laws() == []


def test_the_lock_makes_the_second_process_wait(desk, other_desks):
    first, second = other_desks(2)
    for other in (first, second):
        other.asks("failures_met")
    waited, placed = race(desk, first, second)
    assert waited
    assert [first.asks("failures_met"), second.asks("failures_met")] == [{}, {}]
    assert [order["status"] for order in placed] == ["open", "open"]
    assert desk.book() == ["buy 60000 | alice 0.1, bob 0.1"]
    assert broken_laws() == []
    assert Order.objects.filter(quantity=as_decimal("0.1")).count() == 2


def test_balances_are_locked_one_after_the_other_in_the_order_of_account_and_asset(desk, other_desks):
    """While one in the middle is taken, all before it are locked and none after it: no two batches can deadlock."""
    for who in ("bob", "carol"):
        desk.sells(who, "0.1", at="60000")
    [other], order = other_desks(1), order_of(desk, "alice") | {"quantity": "0.2"}
    assert other.backend_pid
    people = list(desk.accounts.values())
    fees = Balance.objects.filter(account__kind="fees")
    desk.sells("alice", "0.01", at="59000")
    desk.buys("bob", "0.01", at="59000")  # makes the balances of the fee account
    rows = list((fees | Balance.objects.filter(account_id__in=people)).order_by("account_id", "asset"))
    rows = [row for row in rows if row.asset in ("BTC", "USDT")]
    middle = rows[4]
    with transaction.atomic():
        Balance.objects.select_for_update().get(pk=middle.pk)
        other.starts("place", **order)
        wait_until(lambda: is_waiting_for_a_lock(other.backend_pid))
        free = Balance.objects.select_for_update(skip_locked=True).filter(pk__in=[row.pk for row in rows])
        free_ids = set(free.values_list("pk", flat=True))
    assert [row.pk in free_ids for row in rows] == [False] * 4 + [True] * (len(rows) - 4)
    assert other.ends()["status"] == "filled"
    assert broken_laws() == []
