"""Books in memory: brought up from the log, loaded when that is no use, thrown away when in doubt."""

import random
from decimal import Decimal

import psycopg
import pytest
from django.db import connection

from trading import selectors, services
from trading.matching.book import Book
from trading.matching_service import pipeline, warm
from trading.matching_service.batch import Batch
from trading.models import BookState
from trading.tests.desk import TradingDesk, warm_hash
from trading.tests.laws import broken_laws
from trading.tests.meddling import before, elsewhere, kill_its_connection
from trading.tests.random_orders import random_order
from trading.tests.random_requests import Chance

LOT = Decimal("0.00001")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    desk = TradingDesk()
    yield desk
    assert broken_laws() == []


def trade_at_random(desk, seed, orders):
    """In batches of three; every fourth batch also amends and cancels."""
    chance, people = random.Random(seed), list(desk.accounts.values())
    for batch in range(orders // 3):
        requests = [
            services.PlaceRequest(chance.choice(people), random_order(chance, "BTC-USDT")) for _ in range(3)
        ]
        if batch % 4 == 0:
            requests += [change(chance, order) for order in list(pipeline._books["BTC-USDT"].book)[:4]]
        services.submit("BTC-USDT", requests)


def change(chance, order):
    if chance.random() < 0.4:
        return services.CancelRequest(order.account_id, order.order_id)
    lots = max(1000, order.quantity + chance.randint(-900, 900))
    return services.AmendRequest(order.account_id, order.order_id, None, lots * LOT)


def loaded():
    with psycopg.Cursor(connection.connection) as cursor:
        return warm.load(cursor, "BTC-USDT").book


def touch():
    """A batch that changes nothing: the book is brought up to date."""
    services.submit("BTC-USDT", [services.CancelAllRequest(0)])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_book_loaded_cold_is_the_one_that_was_kept_warm(desk, seed):
    touch()
    trade_at_random(desk, seed, orders=90)
    kept = pipeline._books["BTC-USDT"].book
    assert len(list(kept)) > 3, f"seed {seed}: too empty to show anything"
    cold = loaded()
    assert cold.state_hash() == kept.state_hash()
    assert [(o.post_only, o.self_trade_prevention) for o in cold] == [
        (o.post_only, o.self_trade_prevention) for o in kept
    ]
    state = BookState.objects.get(market__symbol="BTC-USDT")
    walked = warm.WarmBook(Book(), state.epoch, state.pk)
    with psycopg.Cursor(connection.connection) as cursor:
        news = warm.catch_up(cursor, walked)
    assert [each.sequence for each in news] == list(range(1, kept.sequence + 1))
    assert walked.book.state_hash() == kept.state_hash()


def test_what_an_order_was_placed_with_outlives_a_cold_start(desk):
    desk.sells("carol", "0.1", at="61000")
    careful = desk.buys("alice", "0.1", at="60000", post_only=True)
    desk.sells("bob", "0.1", at="62000")
    oldest = desk.buys("bob", "0.1", at="59000", self_trade_prevention="cancel_oldest")
    pipeline._books.clear()
    assert desk.amends("alice", careful, price="61000") == "POST_ONLY_WOULD_TAKE"
    assert desk.amends("bob", oldest, price="62000", quantity="0.2").status == "partially_filled"
    assert desk.book() == ["buy 62000 | bob 0.1", "buy 60000 | alice 0.1"]


def test_a_book_too_far_behind_is_loaded_anew(desk, monkeypatch):
    desk.buys("alice", "0.1", at="60000")
    behind = pipeline._books["BTC-USDT"]
    pipeline._books.clear()
    for price in range(59000, 59005):
        desk.buys("bob", "0.01", at=str(price))
    pipeline._books["BTC-USDT"] = behind
    monkeypatch.setattr(warm, "MOST_EVENTS_TO_WALK", 3)
    touch()
    assert pipeline._books["BTC-USDT"] is not behind
    assert warm_hash("BTC-USDT") == loaded().state_hash()


def test_a_book_a_little_behind_walks_the_log(desk):
    desk.buys("alice", "0.1", at="60000")
    behind = pipeline._books["BTC-USDT"]
    pipeline._books.clear()
    for price in range(59000, 59005):
        desk.buys("bob", "0.01", at=str(price))
    pipeline._books["BTC-USDT"] = behind
    touch()
    assert pipeline._books["BTC-USDT"] is behind
    assert warm_hash("BTC-USDT") == loaded().state_hash()


def test_a_book_ahead_of_the_log_is_of_a_past_that_was_taken_back(desk):
    desk.buys("alice", "0.1", at="60000")
    ahead = pipeline._books["BTC-USDT"]
    ahead.book.sequence += 5
    assert desk.sells("bob", "0.1", at="60000").order.status == "filled"
    assert pipeline._books["BTC-USDT"] is not ahead


@pytest.mark.parametrize("step", ["lock_balances", "judge", "write", "keep"])
def test_whatever_goes_wrong_in_a_batch_the_next_one_finds_the_book_of_the_log(desk, monkeypatch, step):
    bid = desk.buys("alice", "0.1", at="60000")

    def breaks(batch):
        raise ZeroDivisionError

    with monkeypatch.context() as patched, pytest.raises(ZeroDivisionError):
        patched.setattr(Batch, step, breaks)
        desk.sells("bob", "0.05", at="60000")
    touch()
    assert warm_hash("BTC-USDT") == loaded().state_hash()
    assert desk.cancels("alice", bid).status == "cancelled"


def test_the_public_book_is_the_committed_one(desk):
    desk.buys("alice", "0.1", at="60000")
    desk.buys("bob", "0.2", at="60000")
    desk.sells("carol", "0.3", at="60001")
    snapshot = selectors.book_snapshot("BTC-USDT")
    assert (snapshot.sequence, snapshot.bids, snapshot.asks) == (
        3, [(60000, Decimal("0.3"))], [(60001, Decimal("0.3"))],
    )  # fmt: skip
    desk.sells("carol", "0.3")
    assert selectors.book_snapshot("BTC-USDT").bids == []


@pytest.mark.parametrize("seed", [1, 2])
def test_processes_that_take_turns_at_all_kinds_of_orders_keep_one_book(desk, other_desks, seed):
    """Each catches up from the log with what the others did, whatever it was."""
    [other] = other_desks(1)
    accounts = list(desk.accounts.values())
    chance = Chance(random.Random(seed), "BTC-USDT", accounts, name="here")
    for turn in range(12):
        theirs = other.asks(
            "all_kinds", seed=f"{seed}.{turn}", symbol="BTC-USDT", accounts=accounts, batches=3
        )
        touch()
        kept = pipeline._books["BTC-USDT"].book
        assert theirs == [kept.sequence, kept.state_hash()], f"turn {turn}"
        for _ in range(3):
            services.submit("BTC-USDT", [chance.request() for _ in range(5)])
        assert warm_hash("BTC-USDT") == loaded().state_hash(), f"turn {turn}"


# ---- a book that went ahead must not be taken for one that has caught up ----


def spends(desk):
    return lambda batch: elsewhere(lambda: desk.buys("alice", "1", at="90000", symbol="ETH-USDT"))


def breaks(batch):
    raise ZeroDivisionError


@pytest.mark.parametrize("trouble", ["funds changed", "connection lost", "a bug"])
def test_another_process_writes_as_many_events_as_the_failed_batch_would_have(desk, other_desks, trouble):
    """Alice's order is in the book when its batch fails; by then Bob's has its number in the log."""
    [other] = other_desks(1)
    order = {"account": desk.accounts["bob"], "symbol": "BTC-USDT", "side": "buy", "quantity": "0.1"}
    order["price"] = "59000"
    touch()
    meddle = {"funds changed": spends(desk), "connection lost": kill_its_connection, "a bug": breaks}[trouble]

    def bobs_order_comes_first(batch):
        placed = other.asks("place", **order)
        assert placed["status"] == "open"

    step, batches = ("lock_balances", 2) if trouble == "funds changed" else ("write", 1)
    with before(step, meddle), before("lock_symbol", bobs_order_comes_first, after=batches):
        try:
            desk.buys("alice", "1", at="60000")
        except ZeroDivisionError:
            desk.buys("carol", "0.1", at="58000")
    assert warm_hash("BTC-USDT") == loaded().state_hash()
    assert len(desk.book()) == (1 if trouble == "funds changed" else 2)
