"""Alice, Bob and Carol with money, an administrator, and the demo's markets."""

import pytest
from django.db import connection

from trading import audit
from trading.tests.api.desk import Desk, person
from trading.tests.first_markets import lay_first_markets


@pytest.fixture(autouse=True)
def limits_off(settings):
    settings.RATE_LIMIT_ENABLED = settings.RATELIMIT_ENABLE = False


@pytest.fixture
def markets(transactional_db):
    lay_first_markets()


@pytest.fixture
def audited(markets):
    """After the test every law holds."""
    yield
    with connection.cursor() as cursor:
        assert audit.check(cursor).violations == []


@pytest.fixture
def alice(markets):
    return Desk(person("alice"))


@pytest.fixture
def bob(markets):
    return Desk(person("bob"))


@pytest.fixture
def carol(markets):
    return Desk(person("carol"))


@pytest.fixture
def admin(markets):
    return Desk(person("admin", funds={}, is_staff=True, is_superuser=True))


@pytest.fixture
def stranger(markets):
    return Desk()
