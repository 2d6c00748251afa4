"""Requests that wait for the same symbol share a transaction, and not each other's bad luck."""

import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import psycopg
import pytest
from django.db import connection

from common.errors import ErrorCode, Refused
from trading import rules
from trading.matching_service import queue
from trading.matching_service.queue import GroupCommit
from trading.models import BookState, Order
from trading.tests.desk import TradingDesk
from trading.tests.laws import broken_laws
from trading.tests.other_desk import wait_until


class Pipeline:
    """Stands in for the real one: the first batch waits for `go`, and what is in `poison` fails."""

    def __init__(self):
        self.batches = []
        self.go = threading.Event()
        self.poison = {}

    def __call__(self, symbol, requests):
        self.batches.append((symbol, list(requests)))
        if len(self.batches) == 1:
            self.go.wait(60)
        for request in requests:
            if request in self.poison:
                raise self.poison[request]
        return [f"{request} done" for request in requests]


@pytest.fixture
def pipeline():
    return Pipeline()


def submit_while_the_first_is_busy(pipeline, *requests, symbol="BTC-USDT"):
    """Outcomes (or errors) of "first" and of these requests, which all came while "first" was being written."""
    group = GroupCommit(pipeline)

    def submit(own):
        try:
            return group.submit(symbol, own)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(requests) + 1) as pool:
        first = pool.submit(submit, ["first"])
        wait_until(lambda: pipeline.batches)
        waiting = group._queue(symbol).waiting
        others = []
        for count, own in enumerate(requests, start=1):
            others.append(pool.submit(submit, own))
            wait_until(lambda count=count: len(waiting) == count)
        pipeline.go.set()
        results = [first.result(60)] + [other.result(60) for other in others]
    assert not waiting
    assert not group._queue(symbol).is_led
    return results


def test_what_waits_goes_together_in_the_order_in_which_it_came(pipeline):
    results = submit_while_the_first_is_busy(pipeline, ["a"], ["b", "c"], ["d"])
    assert pipeline.batches == [("BTC-USDT", ["first"]), ("BTC-USDT", ["a", "b", "c", "d"])]
    assert results == [["first done"], ["a done"], ["b done", "c done"], ["d done"]]


def test_a_batch_has_a_largest_size_and_a_job_is_never_split(pipeline, monkeypatch):
    monkeypatch.setattr(queue, "MOST_REQUESTS_IN_A_BATCH", 4)
    results = submit_while_the_first_is_busy(pipeline, ["a", "b"], ["c", "d"], ["e"], list("fghijk"), ["l"])
    assert [requests for _, requests in pipeline.batches] == [
        ["first"], ["a", "b", "c", "d"], ["e"], list("fghijk"), ["l"],
    ]  # fmt: skip
    assert results[4] == [f"{each} done" for each in "fghijk"]


def test_a_request_that_breaks_the_pipeline_breaks_alone(pipeline):
    pipeline.poison = {"b": ValueError("b is poison")}
    first, a, b, c = submit_while_the_first_is_busy(pipeline, ["a"], ["b"], ["c"])
    assert (first, a, c) == (["first done"], ["a done"], ["c done"])
    assert str(b) == "b is poison"


def test_the_one_that_leads_may_be_the_one_that_breaks(pipeline):
    pipeline.poison = {"a": ValueError("a is poison")}
    _, a, b = submit_while_the_first_is_busy(pipeline, ["a"], ["b"])
    assert (str(a), b) == ("a is poison", ["b done"])


def test_a_refusal_of_the_whole_batch_is_everybodys_and_is_not_tried_again_one_by_one(pipeline):
    pipeline.poison = {"a": Refused(ErrorCode.UNAVAILABLE)}
    results = submit_while_the_first_is_busy(pipeline, ["a"], ["b"], ["c"])
    assert [result.code.name for result in results[1:]] == ["UNAVAILABLE"] * 3
    assert len(pipeline.batches) == 2


def test_symbols_do_not_wait_for_each_other(pipeline):
    group = GroupCommit(pipeline)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(group.submit, "BTC-USDT", ["first"])
        wait_until(lambda: pipeline.batches)
        assert group.submit("ETH-USDT", ["other"]) == ["other done"]
        assert not first.done()
        pipeline.go.set()
        assert first.result(60) == ["first done"]


# ---- the real pipeline ----


@pytest.fixture
def desk(transactional_db):
    desk = TradingDesk()
    yield desk
    assert broken_laws() == []


def all_at_once(desk, calls, symbol="BTC-USDT"):
    """The calls, each on a thread, all waiting while somebody else holds the market's lock; then let go."""

    def run(call):
        try:
            return call()
        except ValueError as error:
            return error
        finally:
            connection.close()

    parameters = connection.get_connection_params()
    for name in ("context", "cursor_factory"):
        parameters.pop(name, None)
    door = import_module("trading.services.submit")  # trading.services has a function of this name
    waiting = door._group_commit._queue(symbol).waiting
    with psycopg.connect(**parameters) as other, ThreadPoolExecutor(len(calls)) as pool:
        other.execute("SELECT 1 FROM trading_bookstate FOR NO KEY UPDATE")
        results = [pool.submit(run, call) for call in calls]
        wait_until(lambda: len(waiting) == len(calls) - 1)
        other.rollback()
        return [result.result(60) for result in results]


def test_twenty_orders_are_two_transactions(desk):
    placed = all_at_once(desk, [lambda: desk.buys("alice", "0.01", at="60000") for _ in range(20)])
    assert [each.order.status for each in placed] == ["open"] * 20
    assert BookState.objects.get(market__symbol="BTC-USDT").sequence == 20
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT xmin::text) FROM trading_order")
        assert cursor.fetchone() == (2,)
    assert desk.balance("alice", "USDT") == ("88000", "12000")


def test_a_poisoned_order_among_others_takes_only_itself_down(desk, monkeypatch):
    to_place = rules.to_place

    def poisoned(market_rules, new, *rest):
        if new.client_order_id == "poison":
            raise ValueError("a bug that only this order meets")
        return to_place(market_rules, new, *rest)

    monkeypatch.setattr(rules, "to_place", poisoned)
    calls = [lambda: desk.buys("alice", "0.01", at="60000") for _ in range(6)]
    calls.insert(3, lambda: desk.buys("bob", "0.01", at="60000", client_order_id="poison"))
    results = all_at_once(desk, calls)
    assert [str(each) for each in results if isinstance(each, ValueError)] == [
        "a bug that only this order meets"
    ]
    assert Order.objects.count() == 6
    assert desk.buys("bob", "0.01", at="60000").order.status == "open"


def test_an_order_that_the_database_does_not_take_goes_alone(desk):
    """A NUL in a client order id: the edge refuses it, and should it come through, the others are safe."""
    calls = [lambda: desk.buys("alice", "0.01", at="60000") for _ in range(4)]
    calls.insert(2, lambda: desk.buys("bob", "0.01", at="60000", client_order_id="nul\x00"))
    with pytest.raises(psycopg.DataError):
        raise next(each for each in all_at_once(desk, calls) if isinstance(each, Exception))
    assert Order.objects.count() == 4


def test_orders_refused_together_leave_the_others_of_their_batch_alone(desk):
    calls = [lambda: desk.buys("alice", "0.5", at="60000") for _ in range(8)]
    results = all_at_once(desk, calls)
    refused = [each for each in results if each == "INSUFFICIENT_FUNDS"]
    assert len(refused) == 5
    assert desk.balance("alice", "USDT") == ("10000", "90000")


def test_cancels_and_fills_of_one_order_race_and_add_up(desk):
    """Whoever comes first: the order is filled or cancelled, never both."""
    for _ in range(5):
        bid = desk.buys("alice", "0.1", at="60000")
        cancelled, sold, cancelled_again = all_at_once(
            desk,
            [
                lambda bid=bid: desk.cancels("alice", bid),
                lambda: desk.sells("bob", "0.1", at="60000", time_in_force="ioc"),
                lambda bid=bid: desk.cancels("alice", bid),
            ],
        )
        was_filled = sold.order.status == "filled"
        refusals = [cancelled, cancelled_again].count("ORDER_NOT_OPEN")
        assert refusals == (2 if was_filled else 1)
        assert Order.objects.get(pk=bid.order.id).status == ("filled" if was_filled else "cancelled")
