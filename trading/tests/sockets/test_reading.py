"""Who reads what on which thread, and how often."""

import threading

import pytest

from trading.committed_book import CommittedBook
from trading.streams import readers
from trading.streams.user_stream import UserStream
from trading.tests.sockets.server import PATIENCE, LocalBook, eventually, rest_book


@pytest.fixture
def blocked():
    """Blocks all threads of a reader until the test ends."""
    over = threading.Event()
    yield lambda reader: [reader.pool.submit(over.wait, 3 * PATIENCE) for _ in range(reader.threads)]
    over.set()


def test_users_do_not_wait_for_books(server, alice, blocked):
    blocked(readers.log_reader)
    blocked(readers.summary_reader)
    client = server.user_client(alice.user)
    alice.buys("1", "100")
    assert client.hear()["type"] == "update"


def test_books_do_not_wait_for_users_or_candles(server, alice, blocked):
    client = server.client()
    book = LocalBook(client.subscribe("book")[0])
    blocked(readers.user_reader)
    blocked(readers.summary_reader)
    alice.buys("1", "100")
    assert book.follow(client, 1).shown() == rest_book(alice)


def test_a_snapshot_is_written_once_for_all_until_the_book_moves(server, alice, monkeypatch):
    written = []

    def snapshot(book, depth=None, real=CommittedBook.snapshot):
        if depth is None:  # REST asks for a depth
            written.append(book.sequence)
        return real(book, depth)

    monkeypatch.setattr(CommittedBook, "snapshot", snapshot)
    clients = [server.client() for _ in range(4)]
    assert {LocalBook(client.subscribe("book")[0]).sequence for client in clients} == {0}
    clients[0].say(action="resync")
    assert clients[0].hear()["type"] == "snapshot"
    assert written == [0]
    alice.buys("1", "100")
    clients[0].hear()
    fresh = LocalBook(server.client().subscribe("book")[0])
    assert fresh.shown() == rest_book(alice) and fresh.sequence == 1
    assert written == [0, 1]


def test_looks_of_one_user_do_not_overlap(server, alice, monkeypatch):
    client = server.user_client(alice.user)
    inside, go_on, at_work = threading.Event(), threading.Event(), []

    def slow_changes(stream, real=UserStream.changes):
        at_work.append("changes")
        inside.set()
        go_on.wait(PATIENCE)
        at_work.append("changes are done")
        return real(stream)

    def snapshot(stream, real=UserStream.snapshot):
        at_work.append("snapshot")
        return real(stream)

    monkeypatch.setattr(UserStream, "changes", slow_changes)
    monkeypatch.setattr(UserStream, "snapshot", snapshot)
    alice.buys("1", "100")
    assert inside.wait(PATIENCE)
    client.say(action="resync")
    client.connection.ping().wait(PATIENCE)  # the server has read the line
    eventually(readers.user_reader.pool._work_queue.empty)
    threading.Timer(0.1, go_on.set).start()
    client.hear_until(lambda message: message["type"] == "snapshot")
    assert at_work[:3] == ["changes", "changes are done", "snapshot"]
