"""What is counted of trading: what was committed, once, and nothing else."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from common.tests.counted import Growth, counted
from risk.services import liquidate_margin as steps
from trading import services
from trading.matching_service import publish
from trading.matching_service.publish import Publisher
from trading.matching_service.queue import GroupCommit
from trading.models import BookState
from trading.services import sweep_liquidations
from trading.tests.desk import TradingDesk, new_order
from trading.tests.margin_market import MarginFloor
from trading.tests.meddling import before, elsewhere, kill_its_connection
from trading.tests.other_desk import wait_until
from trading.tests.perpetual_desk import PERP, PerpetualDesk

pytestmark = pytest.mark.django_db(transaction=True)
SYMBOL = "BTC-USDT"


@pytest.fixture
def desk():
    return TradingDesk()


@pytest.fixture
def growth(desk):
    return Growth()


def test_orders_trades_and_volume(desk, growth):
    desk.sells("bob", "0.5", at="60000")
    desk.buys("alice", "0.2", at="60000")
    desk.buys("alice", "0.1")
    labels = {"symbol": SYMBOL}
    assert growth.of("bourse_orders_total", **labels, side="sell", type="limit") == 1
    assert growth.of("bourse_orders_total", **labels, side="buy", type="limit") == 1
    assert growth.of("bourse_orders_total", **labels, side="buy", type="market") == 1
    assert growth.of("bourse_trades_total", **labels) == 2
    assert growth.of("bourse_trade_volume_base_total", **labels) == 0.3
    assert growth.of("bourse_trade_volume_quote_total", **labels) == 18_000


def test_orders_that_end(desk, growth):
    ask = desk.sells("bob", "0.5", at="60000")
    desk.buys("alice", "0.2", at="60000")
    desk.cancels("bob", ask)
    desk.buys("alice", "0.2", at="50000", time_in_force="ioc")
    ended = {"symbol": SYMBOL}
    assert growth.of("bourse_orders_ended_total", **ended, status="filled") == 1
    assert (
        growth.of("bourse_orders_ended_total", **ended, status="cancelled")
        + growth.of("bourse_orders_ended_total", **ended, status="expired")
        == 2
    )


@pytest.mark.parametrize(
    ("do", "request_name", "code"),
    [
        (lambda desk: desk.buys("alice", "100", at="60000"), "place", "INSUFFICIENT_FUNDS"),
        (lambda desk: desk.buys("alice", "1", at="0.001"), "place", "INVALID_PRICE"),
        (
            lambda desk: desk.pairs("bob", new_order("sell", "9", "70000"), new_order("sell", "9", "80000")),
            "linked",
            "INSUFFICIENT_FUNDS",
        ),
    ],
)
def test_a_refusal_is_counted_by_its_code_and_nothing_else_is(desk, growth, do, request_name, code):
    assert do(desk) == code
    labels = {"symbol": SYMBOL, "request": request_name, "code": code}
    assert growth.of("bourse_refusals_total", **labels) == 1
    assert growth.labels_of("bourse_orders_total") == {}


def test_cancels_and_amends_that_are_refused(desk, growth):
    bid = desk.buys("alice", "0.1", at="60000")
    desk.cancels("alice", bid)
    assert desk.cancels("alice", bid) == desk.amends("alice", bid, price="50000") == "ORDER_NOT_OPEN"
    labels = {"symbol": SYMBOL, "code": "ORDER_NOT_OPEN"}
    assert growth.of("bourse_refusals_total", **labels, request="cancel") == 1
    assert growth.of("bourse_refusals_total", **labels, request="amend") == 1


def test_a_market_that_nobody_has_heard_of_does_not_become_a_label(desk, growth):
    assert desk.buys("alice", "1", at="1", symbol="MADE-UP") == "UNKNOWN_SYMBOL"
    assert growth.labels_of("bourse_refusals_total") == {}


def test_a_repeated_order_is_one_order(desk, growth):
    for _ in range(2):
        desk.buys("alice", "0.1", at="60000", client_order_id="lunch")
    assert growth.of("bourse_orders_total", symbol=SYMBOL, side="buy", type="limit") == 1
    assert growth.of("bourse_order_acknowledge_seconds_count", symbol=SYMBOL) == 2


def test_what_the_database_took_back_is_not_counted(desk, growth):
    """The connection is cut before the commit, and the batch runs again."""
    with before("write", kill_its_connection):
        desk.buys("alice", "0.1", at="60000")
    assert growth.of("bourse_orders_total", symbol=SYMBOL, side="buy", type="limit") == 1
    assert growth.of("bourse_matching_retries_total", symbol=SYMBOL) == 1
    assert growth.of("bourse_matching_batch_seconds_count", symbol=SYMBOL) == 1


def test_an_order_that_lost_its_money_on_the_way_is_refused_and_not_an_order(desk, growth):
    def spends(batch):
        elsewhere(lambda: desk.buys("alice", "1", at="90000", symbol="ETH-USDT"))

    with before("lock_balances", spends):
        assert desk.buys("alice", "1", at="60000") == "INSUFFICIENT_FUNDS"
    assert growth.of("bourse_orders_total", symbol=SYMBOL, side="buy", type="limit") == 0
    labels = {"symbol": SYMBOL, "request": "place", "code": "INSUFFICIENT_FUNDS"}
    assert growth.of("bourse_refusals_total", **labels) == 1


def test_a_batch_is_as_large_as_its_requests(desk, growth):
    requests = [
        services.PlaceRequest(desk.accounts["alice"], new_order("buy", "0.01", at="60000")) for _ in range(7)
    ]
    services.submit(SYMBOL, requests)
    assert growth.of("bourse_matching_batch_requests_sum", symbol=SYMBOL) == 7
    assert growth.of("bourse_matching_batch_requests_count", symbol=SYMBOL) == 1
    assert growth.of("bourse_matching_batch_requests_bucket", symbol=SYMBOL, le="5.0") == 0
    assert growth.of("bourse_matching_batch_requests_bucket", symbol=SYMBOL, le="8.0") == 1


def test_the_wait_for_the_lock_is_the_databases_own_measure(desk, growth):
    """Somebody else holds the market's row until the batch is seen to wait for it."""
    held, let_go = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            BookState.objects.select_for_update().get(market__symbol=SYMBOL)
            held.set()
            let_go.wait(60)
        connection.close()

    def place():
        desk.buys("alice", "0.1", at="60000")
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        holding = pool.submit(hold)
        held.wait(60)
        placing = pool.submit(place)
        wait_until(_somebody_waits)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.05)")
        let_go.set()
        holding.result(), placing.result()
    assert growth.of("bourse_matching_lock_wait_seconds_count", symbol=SYMBOL) == 1
    waited = growth.of("bourse_matching_lock_wait_seconds_sum", symbol=SYMBOL)
    assert 0.05 <= waited <= growth.of("bourse_matching_batch_seconds_sum", symbol=SYMBOL)


def _somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return cursor.fetchone()[0] > 0


def test_the_queue_is_as_deep_as_the_requests_that_wait():
    go, begun = threading.Event(), threading.Event()

    def run_batch(symbol, requests):
        begun.set()
        go.wait(60)
        return [f"{request} done" for request in requests]

    group = GroupCommit(run_batch)
    depth = lambda: counted("bourse_matching_queue_depth", symbol="QUEUE-TEST")  # noqa: E731
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(group.submit, "QUEUE-TEST", ["a"])
        begun.wait(60)
        assert depth() == 0, "who is being served does not wait"
        others = [pool.submit(group.submit, "QUEUE-TEST", own) for own in (["b", "c"], ["d"])]
        wait_until(lambda: len(group._queue("QUEUE-TEST").waiting) == 2)
        assert depth() == 3
        go.set()
        assert [each.result() for each in (first, *others)] == [["a done"], ["b done", "c done"], ["d done"]]
    assert depth() == 0


def test_from_commit_to_publish(monkeypatch):
    growth, sent = Growth(), []

    class Layer:
        async def group_send(self, group, message):
            sent.append(group)

    monkeypatch.setattr(publish, "get_channel_layer", Layer)
    Publisher().note(SYMBOL, 7, [])
    wait_until(lambda: sent)
    wait_until(lambda: growth.of("bourse_commit_to_publish_seconds_count", symbol=SYMBOL) == 1)
    assert growth.of("bourse_publish_failures_total") == 0


def test_wake_ups_that_could_not_be_sent(monkeypatch):
    growth = Growth()

    class Layer:
        async def group_send(self, group, message):
            raise ConnectionError("Redis is away")

    monkeypatch.setattr(publish, "get_channel_layer", Layer)
    Publisher().note(SYMBOL, 7, [])
    wait_until(lambda: growth.of("bourse_publish_failures_total") == 1)
    assert growth.of("bourse_commit_to_publish_seconds_count", symbol=SYMBOL) == 0


def test_steps_of_a_liquidation(transactional_db):
    desk = PerpetualDesk(funds={"USDT": "6000"}, tiers={"alice": "intermediate"})
    desk.deposits("bob", "1000000")
    desk.deposits("carol", "1000000")
    desk.leverages("alice", 10)
    desk.trades("alice", "bob", "1", at="50000")
    growth = Growth()
    desk.marks("44280")
    sweep_liquidations()
    desk.buys("carol", "5", at="44240", symbol=PERP)
    desk.marks("44240")
    sweep_liquidations()
    noted = list(desk.liquidation("alice").steps.values_list("kind", flat=True))
    assert noted and "reduced" in noted
    for kind in set(noted):
        assert growth.of("liquidation_events_total", kind=kind) == noted.count(kind)


def test_steps_of_a_margin_accounts_liquidation(transactional_db):
    floor = MarginFloor()
    floor.is_long("alice")
    growth = Growth()
    floor.index("40400")
    assert floor.sweep() == 1 and floor.steps("alice") == ["warned"]
    assert growth.labels_of("liquidation_events_total") == {(("kind", "warned"),): 1}


def test_a_step_that_was_taken_back_is_not_counted(transactional_db, monkeypatch):
    floor = MarginFloor()
    floor.is_long("alice")
    floor.index("40400")
    growth = Growth()
    with pytest.raises(RuntimeError), transaction.atomic():
        assert steps.warn(floor.account("alice"))
        raise RuntimeError("after the step, before the commit")
    assert growth.labels_of("liquidation_events_total") == {}
