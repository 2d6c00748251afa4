"""The load generator, against small servers that are known to the letter."""

import socket
import threading
from contextlib import contextmanager

import pytest

from benchmarks.load import Load, LoadError, request_bytes, run


@contextmanager
def server(answer):
    """A server whose connections are each served by `answer(socket)`; yields its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connected, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connected,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def talkative(requests, pieces):
    """Answers each request with the pieces, one write each, and notes what it was asked."""

    def answer(connected):
        with connected:
            while asked := connected.recv(65_536):
                requests.append(asked)
                for piece in pieces:
                    connected.sendall(piece)

    return answer


WHOLE = [b"HTTP/1.1 201 Created\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello"]
IN_PIECES = [b"HTTP/1.1 201 Created\r\ncont", b"ent-length: 5\r\n\r", b"\nhel", b"lo"]


@pytest.mark.parametrize("pieces", [WHOLE, IN_PIECES])
def test_every_answer_is_counted_once(pieces):
    asked = []
    with server(talkative(asked, pieces)) as port:
        load = run("127.0.0.1", port, [request_bytes("GET", "/")], connections=4, seconds=0.2)
    assert load.statuses == {201: len(load.latencies)}
    assert len(asked) == len(load.latencies) >= 4
    assert all(0 < latency < 5 for latency in load.latencies)
    assert load.per_second == pytest.approx(len(asked) / load.seconds)


def test_requests_go_out_in_order_and_from_the_start_again():
    asked = []
    with server(talkative(asked, WHOLE)) as port:
        run("127.0.0.1", port, [b"one", b"two", b"three"], connections=1, seconds=0.1)
    assert asked[:4] == [b"one", b"two", b"three", b"one"]


def test_a_connection_that_is_closed_is_no_answer():
    with server(lambda connected: connected.close()) as port, pytest.raises((LoadError, ConnectionError)):
        run("127.0.0.1", port, [request_bytes("GET", "/")], connections=1, seconds=1)


def test_a_connection_that_the_server_ends_in_due_form_is_made_anew():
    connections = []

    def answer_once(connected):
        connections.append(connected)
        with connected:
            connected.recv(65_536)
            connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with server(answer_once) as port:
        load = run("127.0.0.1", port, [request_bytes("GET", "/")], connections=2, seconds=0.2)
    assert load.statuses == {200: len(connections)}
    assert len(connections) > 2


def test_a_request_with_a_body_is_json_with_its_length():
    head, _, body = request_bytes("POST", "/x", {"a": "ä"}, {"Authorization": "Bearer t"}).partition(
        b"\r\n\r\n"
    )
    assert body == b'{"a":"\\u00e4"}'
    assert (
        b"Content-Length: 14" in head
        and b"Authorization: Bearer t" in head
        and head.startswith(b"POST /x HTTP/1.1")
    )


def test_percentiles_are_of_what_was_measured():
    load = Load(1.0, [n / 1000 for n in range(100, 0, -1)])
    assert (round(load.percentile_ms(50)), round(load.percentile_ms(99)), round(load.percentile_ms(100))) == (
        51,
        100,
        100,
    )
    assert load.mean_ms == pytest.approx(50.5)
