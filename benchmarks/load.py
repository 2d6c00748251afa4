"""A load generator for HTTP/1.1: many keep-alive connections in one thread, with next to no work of its own.

It sends prepared bytes over bare sockets and reads of each answer no more than the status and the length, so
that on a small machine it takes little from the server that it measures. The load is closed: a connection
sends its next request when the answer to the one before is there.

    python -m benchmarks.load http://127.0.0.1:8000/api/v1/time --connections 16 --seconds 5
"""

import argparse
import gc
import json
import os
import select
import socket
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import cycle
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

READ_BYTES = 262_144
ANSWER_SECONDS = 30.0


class LoadError(Exception):
    """The server closed a connection, or answered something that is not HTTP/1.1 with a length."""


@dataclass(slots=True)
class Load:
    """What was measured: one latency (in seconds, from the first byte sent to the last received) per answer."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def mean_ms(self) -> float:
        return 1000 * sum(self.latencies) / len(self.latencies)

    def percentile_ms(self, percent: float) -> float:
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def request_bytes(
    method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, host: str = "127.0.0.1"
) -> bytes:
    """A request as it goes over the wire; a body becomes JSON."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Accept: application/json"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + content


def run(host: str, port: int, requests: Iterable[bytes], connections: int, seconds: float) -> Load:
    """Send `requests` (in order, over whichever connection is free; from the start again when they end).

    Raises LoadError, or TimeoutError when no answer comes for half a minute.
    """
    source = requests if isinstance(requests, Iterator) else cycle(list(requests))
    with ExitStack() as stack:
        opened = [stack.enter_context(closing(_Connection(host, port))) for _ in range(connections)]
        poll = stack.enter_context(select.epoll())
        gc.disable()  # nothing here makes cycles, and a pause of ours would look like one of the server's
        stack.callback(gc.enable)
        return _drive(poll, {each.fileno(): each for each in opened}, source, seconds)


class _Connection:
    """One socket; another in its place, of the same number, when the server ends it after an answer."""

    __slots__ = ("_address", "_ended", "received", "sent_at", "socket")

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._ended = False
        self.socket = _connect(host, port)
        self.received = b""
        self.sent_at = 0.0

    def fileno(self) -> int:
        return self.socket.fileno()

    def close(self) -> None:
        self.socket.close()

    def send(self, request: bytes) -> bool:
        """Whether it is a new socket now, unknown to whoever waits for the number."""
        is_new, self._ended = self._ended, False
        if is_new:
            self._connect_again()
        self.sent_at = perf_counter()
        self.socket.sendall(request)
        return is_new

    def _connect_again(self) -> None:
        fresh = _connect(*self._address)
        os.dup2(fresh.fileno(), self.socket.fileno())
        fresh.close()

    def receive(self) -> int | None:
        """The status of the answer once all of it is there; None before."""
        data = self.socket.recv(READ_BYTES)
        if not data:
            raise LoadError("the server closed a connection")
        self.received = data = self.received + data if self.received else data
        end = data.find(b"\r\n\r\n")
        head = data[:end].lower()
        if end < 0 or len(data) < end + 4 + _content_length(head):
            return None
        self.received = b""
        self._ended = b"\r\nconnection: close" in head
        return int(data[9:12])


def _content_length(head: bytes) -> int:
    _, found, rest = head.partition(b"\r\ncontent-length:")
    if not found:
        raise LoadError(f"an answer without a length: {head[:200]!r}")
    return int(rest.partition(b"\r\n")[0])


def _connect(host: str, port: int) -> socket.socket:
    connected = socket.create_connection((host, port), timeout=ANSWER_SECONDS)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


def _drive(
    poll: select.epoll, connections: dict[int, _Connection], source: Iterator[bytes], seconds: float
) -> Load:
    load = Load()
    begun = now = perf_counter()
    deadline = begun + seconds
    for number, connection in connections.items():
        poll.register(number, select.EPOLLIN)
        connection.send(next(source))
    busy = len(connections)
    while busy:
        ready = poll.poll(ANSWER_SECONDS)
        if not ready:
            raise TimeoutError(f"no answer for {ANSWER_SECONDS:.0f} s")
        for number, _ in ready:
            connection = connections[number]
            status = connection.receive()
            if status is None:
                continue
            now = perf_counter()
            load.latencies.append(now - connection.sent_at)
            load.statuses[status] += 1
            if now >= deadline:
                busy -= 1
                poll.unregister(number)
            elif connection.send(next(source)):
                poll.register(number, select.EPOLLIN)
    load.seconds = now - begun
    return load


def main() -> None:
    parser = argparse.ArgumentParser(description="GET one address over keep-alive connections.")
    parser.add_argument("address")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    parts = urlsplit(options.address)
    host = parts.hostname or "127.0.0.1"
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    request = request_bytes("GET", path, host=parts.netloc)
    load = run(host, parts.port or 80, [request], options.connections, options.seconds)
    print(
        f"{load.per_second:,.0f}/s, mean {load.mean_ms:.2f} ms, p50 {load.percentile_ms(50):.2f} ms, "
        f"p99 {load.percentile_ms(99):.2f} ms, statuses {dict(load.statuses)}"
    )


if __name__ == "__main__":
    main()
