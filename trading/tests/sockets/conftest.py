"""People at their desks, and the real socket server. Commits are real: another thread must see them."""

import pytest

from trading.services import make_first_markets
from trading.tests.api.desk import Desk, person
from trading.tests.sockets.server import SocketServer


@pytest.fixture(autouse=True)
def limits_off(settings):
    settings.RATE_LIMIT_ENABLED = settings.RATELIMIT_ENABLE = False


@pytest.fixture
def markets(transactional_db):
    make_first_markets()


@pytest.fixture
def alice(markets):
    return Desk(person("alice"))


@pytest.fixture
def bob(markets):
    return Desk(person("bob"))


@pytest.fixture
def server(markets, monkeypatch):
    server = SocketServer(monkeypatch)
    yield server
    server.stop()
