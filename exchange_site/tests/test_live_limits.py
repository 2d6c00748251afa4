"""Limits of a running exchange with two web processes, while its Redis lives, hangs, is back, and is gone."""

import signal
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from zlib import crc32

import pytest
import redis
import requests
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.limits import MINUTE
from exchange_site.tests.exchange import LiveExchange
from exchange_site.tests.own_servers import OwnServers
from exchange_site.tests.test_failures import wait_until

PROCESSES = 2
LIMIT = 60


class Crowd:
    """Clients of the web processes, past the proxy: so each can have the address that suits."""

    def __init__(self, exchange: LiveExchange) -> None:
        self._url = f"http://127.0.0.1:{exchange._ports['web']}/api/v1"
        self._used: dict[str, float] = {}  # and when its minute ends

    def fresh_address(self) -> str:
        """One that nobody has used, whose minute has just begun: it does not end while we count."""
        addresses = {f"192.0.2.{n}" for n in range(256)} - set(self._used)
        address = min(addresses, key=_seconds_gone)
        self._used[address] = time.time() + MINUTE - _seconds_gone(address)
        return address

    def is_over(self, address: str) -> bool:
        """Whether its minute has ended, on a slow machine."""
        return time.time() > self._used[address] - 2

    def ask(self, address: str, times: int) -> Counter[int]:
        return self.at_once(times, lambda: self._send("GET", "time", {"X-Real-IP": address}))

    def at_once(self, times: int, send: Callable[[], requests.Response]) -> Counter[int]:
        """How many answers of each status, of so many requests by sixteen clients."""
        with ThreadPoolExecutor(16) as clients:
            return Counter(answer.status_code for answer in clients.map(lambda _: send(), range(times)))

    def _send(self, method: str, path: str, headers: dict[str, str]) -> requests.Response:
        return requests.request(method, f"{self._url}/{path}", headers=headers, timeout=30)


def _seconds_gone(address: str) -> float:
    """Of the minute of the counter of those without a token."""
    return (time.time() + crc32(f"address:{address}".encode())) % MINUTE


def _answers(url: str) -> bool:
    """Whether Redis says anything: it may have been in the middle of something when it was stopped."""
    with redis.Redis.from_url(url, socket_timeout=0.5, retry=Retry(NoBackoff(), 0)) as client:
        try:
            return bool(client.ping())
        except redis.TimeoutError:
            return False


def test_limits_hold_over_processes_whatever_happens_to_redis(
    own: OwnServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEB_WORKERS", str(PROCESSES))
    monkeypatch.setenv("LIMIT_ANONYMOUS", str(LIMIT))
    exchange = own.start()
    own.environment["RATE_LIMIT"] = "on"
    exchange.start("web")
    crowd = Crowd(exchange)

    first = crowd.fresh_address()
    assert crowd.ask(first, 100) == {200: LIMIT, 429: 100 - LIMIT}

    # It hangs: each process counts by itself, from what it last saw.
    own.server("redis-server").send_signal(signal.SIGSTOP)
    wait_until(lambda: not _answers(own.environment["REDIS_URL"]))
    second = crowd.fresh_address()
    hanging = crowd.ask(second, 200)
    assert set(hanging) == {200, 429} and LIMIT <= hanging[200] <= LIMIT * PROCESSES
    assert crowd.ask(first, 50)[200] <= LIMIT * (PROCESSES - 1) or crowd.is_over(first)

    # It is back: what was used without it still counts, and what is new is exact again.
    own.server("redis-server").send_signal(signal.SIGCONT)
    wait_until(lambda: crowd.ask(crowd.fresh_address(), 100)[200] == LIMIT)
    assert crowd.ask(second, 20) == {429: 20} or crowd.is_over(second)

    # It is gone for good.
    own.server("redis-server").send_signal(signal.SIGKILL)
    wait_until(lambda: not own.family("redis-server"))
    gone = crowd.ask(crowd.fresh_address(), 200)
    assert set(gone) == {200, 429} and LIMIT <= gone[200] <= LIMIT * PROCESSES
