"""People at their desks, and the real socket server. Commits are real: another thread must see them."""

import pytest

from trading.services import make_first_markets
from trading.tests.api.conftest import alice, bob, limits_off
from trading.tests.sockets.server import SocketServer

__all__ = ["alice", "bob", "limits_off"]


@pytest.fixture
def markets(transactional_db):
    make_first_markets()


@pytest.fixture
def server(markets, monkeypatch):
    server = SocketServer(monkeypatch)
    yield server
    server.stop()
