"""People at their desks, and the real socket server. Commits are real: another thread must see them."""

import pytest

from trading.tests.api.conftest import alice, bob, limits_off
from trading.tests.first_markets import lay_first_markets
from trading.tests.sockets.server import SocketServer

__all__ = ["alice", "bob", "limits_off"]


@pytest.fixture
def markets(transactional_db):
    lay_first_markets()


@pytest.fixture
def server(markets, monkeypatch):
    server = SocketServer(monkeypatch)
    yield server
    server.stop()
