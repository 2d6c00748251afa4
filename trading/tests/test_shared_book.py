"""Many readers share a look into the log, and none is shown less than was committed before it asked."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import OperationalError, connection

from common import clock
from market.models import Market
from trading import shared_ticker
from trading.committed_book import MOST_VIEWS, CommittedBook, SharedBook
from trading.models import BookState
from trading.shared_ticker import SharedTicker
from trading.tests.desk import TradingDesk

pytestmark = pytest.mark.django_db(transaction=True)
SYMBOL = "BTC-USDT"
PATIENCE = 20
NOW = clock.now().replace(microsecond=0)


@pytest.fixture
def desk():
    return TradingDesk()


@pytest.fixture
def threads():
    """`threads(work)` in a thread with a connection of its own; a future."""
    with ThreadPoolExecutor(8) as pool:

        def run(work):
            try:
                return work()
            finally:
                connection.close()

        yield lambda work: pool.submit(run, work)


@pytest.fixture
def looks(monkeypatch):
    """Each look waits for `go_on` once it has read the log; `begun` counts them."""

    class Looks:
        begun, inside, go_on = 0, threading.Semaphore(0), threading.Semaphore(0)

    def advance(book, real=CommittedBook.advance):
        Looks.begun += 1
        news = real(book)
        Looks.inside.release()
        assert Looks.go_on.acquire(timeout=PATIENCE)
        return news

    monkeypatch.setattr(CommittedBook, "advance", advance)
    return Looks


def bids(book):
    return [quantity for _, quantity in book.snapshot(10).bids]


def test_who_comes_after_a_commit_does_not_get_a_look_from_before_it(desk, threads, looks):
    shared = SharedBook(SYMBOL)
    first = threads(lambda: shared.view("bids", bids))
    assert looks.inside.acquire(timeout=PATIENCE)  # it has read the log, and not answered yet
    desk.buys("alice", "0.1", at="60000")
    second = threads(lambda: shared.view("bids", bids))
    looks.go_on.release(2)
    assert first.result(PATIENCE) == []
    assert second.result(PATIENCE) == [Decimal("0.1")]


def test_all_who_wait_share_one_look(desk, threads, looks):
    shared = SharedBook(SYMBOL)
    readers = [threads(lambda: shared.view("bids", bids))]
    assert looks.inside.acquire(timeout=PATIENCE)
    come = threading.Barrier(6)

    def reads():
        come.wait(PATIENCE)
        return shared.view("bids", bids)

    readers += [threads(reads) for _ in range(5)]
    come.wait(PATIENCE)
    threading.Event().wait(0.2)  # until they stand at the door
    looks.go_on.release(10)
    assert [reader.result(PATIENCE) for reader in readers] == [[]] * 6
    assert looks.begun == 2


def test_a_view_is_made_once_until_the_book_moves(desk):
    shared, made = SharedBook(SYMBOL), []

    def view(book):
        made.append(book.sequence)
        return bids(book)

    desk.buys("alice", "0.1", at="60000")
    assert shared.view("bids", view) is shared.view("bids", view)
    desk.buys("alice", "0.2", at="60000")
    assert shared.view("bids", view) == [Decimal("0.3")]
    assert made == [1, 2]


def test_only_so_many_views_are_kept(desk):
    shared = SharedBook(SYMBOL)
    for depth in range(3 * MOST_VIEWS):
        assert shared.view(depth, lambda book, depth=depth: depth) == depth
        assert len(shared._views) <= MOST_VIEWS


def test_a_look_that_fails_leaves_nothing_behind(desk, monkeypatch):
    shared = SharedBook(SYMBOL)
    desk.buys("alice", "0.1", at="60000")

    def fails(book):
        raise ZeroDivisionError

    with monkeypatch.context() as broken, pytest.raises(ZeroDivisionError):
        broken.setattr(CommittedBook, "advance", fails)
        shared.view("bids", bids)
    assert shared.view("bids", bids) == [Decimal("0.1")]


def test_a_lost_connection_is_made_anew_for_the_request_after(desk):
    shared = SharedBook(SYMBOL)
    shared.view("bids", bids)
    connection.connection.close()
    with pytest.raises(OperationalError):
        shared.view("bids", bids)
    connection.close_if_unusable_or_obsolete()  # what Django does between two requests
    assert shared.view("bids", bids) == []


def test_the_ticker_reads_its_statistics_again_only_after_a_trade(desk, monkeypatch):
    shared, read = SharedTicker(SYMBOL), []

    def note(symbol, real=shared_ticker._read):
        read.append(symbol)
        return real(symbol)

    monkeypatch.setattr("trading.shared_ticker._read", note)
    monkeypatch.setattr("trading.shared_ticker.now", lambda: NOW)
    first = shared.newest()
    assert shared.newest() is first
    desk.sells("bob", "0.5", at="60000")
    assert (shared.newest().best_ask, shared.newest().trades, len(read)) == (Decimal(60000), 0, 1)
    desk.buys("alice", "0.2", at="60000")
    assert (shared.newest().volume, shared.newest().trades, len(read)) == (Decimal("0.2"), 1, 2)


def test_the_ticker_reads_its_statistics_again_in_each_second(desk, monkeypatch):
    shared = SharedTicker(SYMBOL)
    moment = [NOW]
    monkeypatch.setattr("trading.shared_ticker.now", lambda: moment[0])
    first = shared.newest()
    moment[0] = moment[0].replace(microsecond=999_000)
    assert shared.newest() is first
    moment[0] = moment[0].replace(second=(moment[0].second + 1) % 60)
    assert shared.newest() is not first


def test_a_book_of_another_life_is_read_with_its_own_tick_and_lot(desk):
    desk.buys("alice", "0.1", at="60000")
    book = SharedBook(SYMBOL)
    assert book.view("bids", bids) == [Decimal("0.1")]
    with connection.cursor() as cursor:  # past the database, which lets nobody change them
        cursor.execute("SET session_replication_role = replica")
        Market.objects.filter(symbol=SYMBOL).update(tick="10", lot="0.01")
        cursor.execute("SET session_replication_role = DEFAULT")
    BookState.objects.filter(market__symbol=SYMBOL).update(epoch=uuid4())
    assert book.view("snapshot", CommittedBook.snapshot).bids == [(Decimal(60_000), Decimal("0.1"))]
