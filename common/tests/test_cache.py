"""The cache while Redis is away."""

import socket
import uuid

import pytest

from common import cache as module
from common.cache import FallbackRedisCache


def cache_at(port):
    options = {
        "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
        "KEY_PREFIX": uuid.uuid4().hex,
    }
    return FallbackRedisCache(f"redis://127.0.0.1:{port}/0", options)


@pytest.fixture
def dead_port():
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def silent_port():
    """A port that takes connections and never answers, as a stuck server does."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_without_redis_the_process_counts_by_itself(dead_port):
    cache = cache_at(dead_port)
    assert cache.add("count", 1, 60) is True
    assert cache.add("count", 1, 60) is False
    assert cache.incr("count") == 2
    assert cache.get("count") == 2
    cache.set("count", 7, 60)
    assert cache.touch("count", 60) is True
    assert cache.get("count") == 7
    assert cache.delete("count") is True
    assert cache.get("count", "none") == "none"


def test_a_redis_that_does_not_answer_is_left_alone_after_one_time_out(silent_port, monkeypatch):
    cache = cache_at(silent_port)
    cache.set("side", "buy")
    asked = []
    monkeypatch.setattr(cache._cache, "get_client", lambda *a, **k: asked.append(a))
    assert cache.get("side") == "buy"
    assert asked == []


def test_a_redis_that_came_back_is_used_again(dead_port, monkeypatch, settings):
    clock = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    cache = cache_at(dead_port)
    cache.set("side", "from memory")
    monkeypatch.setattr(type(cache).__mro__[1], "get", lambda self, key: "from redis")
    assert cache.get("side") == "from memory"
    clock[0] += module.RETRY_AFTER_SECONDS
    assert cache.get("side") == "from redis"


def test_many_clients_are_remembered_while_redis_is_away(dead_port):
    cache = cache_at(dead_port)
    for client in range(2000):
        cache.add(f"client:{client}", 1, 60)
    assert all(cache.get(f"client:{client}") == 1 for client in range(2000))
